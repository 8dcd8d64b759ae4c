import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { sep } from 'node:path';
import * as vscode from 'vscode';
import { FirstRun } from '../core/firstRun.ts';
import { Hub } from '../core/hub.ts';
import { Sessions } from '../core/sessions.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import { LocalScout } from '../server/scout/localScout.ts';
import { PANEL_STRINGS, type PanelStrings } from '../shared/strings.ts';
import { ChatPanels } from './chatPanels.ts';
import { Chats } from './chats.ts';
import { CHAT_VIEW_ID, ChatView } from './chatView.ts';
import { ChosenServer } from './chosenServer.ts';
import { registerCommands } from './commands.ts';
import { DraftStore } from './draftStore.ts';
import { connectForeign } from './foreignLink.ts';
import { outputLogger } from './outputLogger.ts';
import { PanelController } from './panelController.ts';
import { PanelRouter } from './panelRouter.ts';
import { AskAboutThisAction } from './selectionCommands.ts';
import { StateFile } from './stateFile.ts';
import { StatusBar } from './statusBar.ts';
import { systemClock } from './systemClock.ts';
import { ToolOutputs } from './toolOutputs.ts';

/** Builds everything and wires it. Nothing is started here: the first chat that is shown connects. */
export function compose(context: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel('Letta', { log: true });
  const logger = outputLogger(channel);
  const state = new StateFile((context.storageUri ?? context.globalStorageUri).fsPath, logger);
  const settings = () => vscode.workspace.getConfiguration('letta');
  const server = new ChosenServer(context, logger, systemClock, connectForeign);
  const scout = new LocalScout({
    env: process.env,
    home: homedir(),
    usesInstalled: () => server.choice.kind === 'installed',
    addresses: () => ({
      ollama: settings().get('ollama.url', ''),
      lmStudio: settings().get('lmStudio.url', ''),
      llamaCpp: settings().get('llamaCpp.url', ''),
    }),
  });
  const firstRun = new FirstRun(scout, systemClock, logger);
  const hub = new Hub(
    server,
    () => ({
      demoStartsByItself: settings().get('demo.autoStart', false),
      newAgentName: settings().get('newAgent.name', 'Letta'),
    }),
    logger,
    firstRun,
  );
  const sessions = new Sessions({
    hub,
    clock: systemClock,
    logger,
    newId: randomUUID,
    cwd: workingDirectory,
    shownFolder,
    attachmentBudgetBytes: () => settings().get('context.maxKilobytes', 64) * 1024,
  });
  const services = {
    sessions,
    drafts: new DraftStore(state),
    clock: systemClock,
    logger,
    strings: translatedStrings(),
  };
  const outputs = new ToolOutputs();
  const router = new PanelRouter(outputs, logger, (controller) => {
    chats.noteFocus(controller);
  });
  const newController = (target: SessionTarget): PanelController =>
    new PanelController(services, target, router.intent, router.request);
  const chats = new Chats(
    new ChatView(context.extensionUri, newController(Chats.remembered(state))),
    new ChatPanels(context.extensionUri, newController),
    state,
  );
  context.subscriptions.push(
    hub.onDidChange(() => {
      // Completes a step of the walkthrough.
      void vscode.commands.executeCommand('setContext', 'letta.hasAgent', hub.agents.length > 0);
    }),
    channel,
    { dispose: () => state.flushed() },
    outputs,
    hub,
    firstRun,
    sessions,
    chats,
    new StatusBar(hub, sessions, chats),
    registerCommands({ hub, chats, sessions, logger, channel, server, firstRun }),
    vscode.window.registerWebviewViewProvider(CHAT_VIEW_ID, chats.view),
    vscode.languages.registerCodeActionsProvider(
      [{ scheme: 'file' }, { scheme: 'untitled' }],
      new AskAboutThisAction(),
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}

function workingDirectory(): string | null {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return folder?.scheme === 'file' ? folder.fsPath : null;
}

/** The home folder is `~`, as in a terminal. */
function shownFolder(path: string): string {
  const home = homedir();
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

function translatedStrings(): PanelStrings {
  const entries = Object.entries(PANEL_STRINGS).map(([key, text]) => [key, vscode.l10n.t(text)]);
  // Same keys as PANEL_STRINGS, each value a translation of its text.
  return Object.fromEntries(entries) as PanelStrings;
}

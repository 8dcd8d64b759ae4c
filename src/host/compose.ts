import { createHash, randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import * as vscode from 'vscode';
import { FirstRun } from '../core/firstRun.ts';
import { Hub } from '../core/hub.ts';
import type { Logger } from '../core/ports.ts';
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
import { foreignLinks } from './foreignLink.ts';
import { JournalFiles } from './journalFiles.ts';
import { localRuntime } from './localRuntimes.ts';
import { MemoryActions } from './memoryActions.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { NetworkWatch } from './networkWatch.ts';
import { OutboxFiles } from './outboxFiles.ts';
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
  logger.info('Letta is activated');
  const state = new StateFile(placeFolder(context), logger);
  const settings = () => vscode.workspace.getConfiguration('letta');
  const server = new ChosenServer(
    context,
    logger,
    systemClock,
    foreignLinks(localRuntime(context, logger, systemClock)),
  );
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
    systemClock,
    firstRun,
  );
  const outbox = new OutboxFiles({
    folder: join(context.globalStorageUri.fsPath, 'outbox'),
    place: placeFolder(context),
    clock: systemClock,
    logger,
  });
  const sessions = new Sessions({
    hub,
    clock: systemClock,
    logger,
    newId: randomUUID,
    outbox,
    journal: new JournalFiles(
      join(context.globalStorageUri.fsPath, 'journal'),
      logger,
      systemClock.now.bind(systemClock),
    ),
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
  const memoryFiles = new MemoryFiles(hub);
  const memory = new MemoryActions(hub, memoryFiles);
  const router = new PanelRouter(outputs, memory, logger, (controller) => {
    chats.noteFocus(controller);
  });
  const newController = (target: SessionTarget): PanelController =>
    new PanelController(services, target, router.intent, router.request);
  const chats = new Chats(
    new ChatView(context.extensionUri, newController(Chats.remembered(state))),
    new ChatPanels(context.extensionUri, newController),
    state,
  );
  adoptLeftMessages(hub, sessions, outbox, logger);
  context.subscriptions.push(
    hub.onDidChange(() => {
      // Completes a step of the walkthrough.
      void vscode.commands.executeCommand('setContext', 'letta.hasAgent', hub.agents.length > 0);
    }),
    channel,
    { dispose: () => state.flushed() },
    outputs,
    outbox,
    memoryFiles,
    hub,
    firstRun,
    sessions,
    chats,
    new StatusBar(hub, sessions, chats),
    vscode.window.onDidChangeWindowState((window) => {
      if (window.focused) hub.nudge();
    }),
    new NetworkWatch(systemClock, hub),
    registerCommands({ hub, chats, sessions, memory, logger, channel, server, firstRun }),
    vscode.window.registerWebviewViewProvider(CHAT_VIEW_ID, chats.view),
    vscode.languages.registerCodeActionsProvider(
      [{ scheme: 'file' }, { scheme: 'untitled' }],
      new AskAboutThisAction(),
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}

/** Once there is a connection: messages that a former window of this folder could not send. */
function adoptLeftMessages(hub: Hub, sessions: Sessions, outbox: OutboxFiles, logger: Logger): void {
  const subscription = hub.onDidChange(() => {
    if (hub.state.kind !== 'ready') return;
    subscription.dispose();
    outbox
      .leftHere()
      .then((targets) => sessions.adopt(targets))
      .catch((error: unknown) => {
        logger.error('Messages of a former window could not be looked for', error);
      });
  });
}

/**
 * What belongs to the folder that is open, found again by any later window of it. Not VS Code's own workspace storage: while
 * the extension host of a closed browser lives on, a new window gets another one.
 */
function placeFolder(context: vscode.ExtensionContext): string {
  const { workspaceFile, workspaceFolders } = vscode.workspace;
  const uri = workspaceFile ?? workspaceFolders?.[0]?.uri;
  if (uri === undefined) return (context.storageUri ?? context.globalStorageUri).fsPath;
  const name = createHash('sha256').update(uri.toString()).digest('hex').slice(0, 16);
  return join(context.globalStorageUri.fsPath, 'places', name);
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

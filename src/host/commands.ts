import * as vscode from 'vscode';
import type { FirstRun } from '../core/firstRun.ts';
import type { Hub } from '../core/hub.ts';
import type { Logger } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { Sessions } from '../core/sessions.ts';
import { ask } from './askCommand.ts';
import { newTarget, type Chats } from './chats.ts';
import type { ChosenServer } from './chosenServer.ts';
import type { MemoryActions } from './memoryActions.ts';
import { pickAgent, pickConversation } from './pickers.ts';
import { connectProvider } from './providerPicker.ts';
import { askAboutThis, attachFile, sendSelection, sendSelectionTo } from './selectionCommands.ts';
import { choose, chooseModel, connectModel } from './setupCommands.ts';

export interface CommandServices {
  readonly hub: Hub;
  readonly chats: Chats;
  readonly sessions: Sessions;
  readonly memory: MemoryActions;
  readonly logger: Logger;
  readonly channel: vscode.LogOutputChannel;
  readonly server: ChosenServer;
  readonly firstRun: FirstRun;
}

type Handler = (...args: readonly unknown[]) => unknown;

export function registerCommands(services: CommandServices): vscode.Disposable {
  const { hub, chats, memory, logger, channel } = services;
  const handlers: Readonly<Record<string, Handler>> = {
    'letta.ask': (value) => ask(chats, value),
    'letta.newConversation': () => newConversation(services),
    'letta.switchAgent': () => switchAgent(services),
    'letta.switchConversation': () => switchConversation(services),
    'letta.renameConversation': () => renameConversation(services),
    'letta.stop': () => stop(services),
    'letta.openInEditor': () => {
      const { target } = chats.view.controller.session;
      chats.panels.create(target.conversationId === null ? newTarget(target.agentId) : target);
    },
    'letta.focusChat': () => chats.view.reveal(),
    'letta.sendSelection': () => sendSelection(chats),
    'letta.sendSelectionTo': () => sendSelectionTo(chats, hub),
    'letta.askAboutThis': (uri, range, diagnostics) =>
      uri instanceof vscode.Uri && range instanceof vscode.Range
        ? askAboutThis(chats, uri, range, Array.isArray(diagnostics) ? diagnostics.filter(isDiagnostic) : [])
        : undefined,
    'letta.attachFile': (value) => attachFile(chats, value),
    'letta.connectModel': () => connectModel(services),
    'letta.connectProvider': async () => {
      const connected = await connectProvider(hub);
      if (connected !== null) await chooseModel(services, connected);
    },
    'letta.connectServer': () => choose(services, 'server'),
    'letta.chooseModel': () => chooseModel(services),
    'letta.startDemo': () => choose(services, 'demo'),
    'letta.choose': (id) => (typeof id === 'string' ? choose(services, id) : undefined),
    'letta.openMemory': () => memory.open(chats.current.session.target.agentId),
    'letta.restartRuntime': () => hub.restartServer(),
    'letta.showLog': () => {
      channel.show();
    },
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([command, handler]) =>
      vscode.commands.registerCommand(command, async (...args: unknown[]) => {
        try {
          await handler(...args);
        } catch (error) {
          logger.error(`${command} failed`, error);
          const show = vscode.l10n.t('Show Log');
          const text = error instanceof Error ? error.message : String(error);
          const answer = await vscode.window.showErrorMessage(vscode.l10n.t('Letta: {0}', text), show);
          if (answer === show) channel.show();
        }
      }),
    ),
  );
}

async function newConversation({ chats }: CommandServices): Promise<void> {
  const controller = chats.current;
  controller.show(newTarget(controller.session.target.agentId));
  await chats.reveal(controller);
}

async function switchAgent({ hub, chats }: CommandServices): Promise<void> {
  const controller = chats.current;
  const agent = await pickAgent(hub, vscode.l10n.t('Switch Agent'));
  if (agent === null || agent.id === controller.session.target.agentId) return;
  controller.show(newTarget(agent.id));
  await chats.reveal(controller);
}

async function switchConversation({ hub, chats }: CommandServices): Promise<void> {
  const controller = chats.current;
  const agent = await hub.agentFor(controller.session.target.agentId);
  if (agent === null) return;
  const target = await pickConversation(hub, agent);
  if (target === null) return;
  controller.show(target);
  await chats.reveal(controller);
}

async function renameConversation({ chats }: CommandServices): Promise<void> {
  const { session } = chats.current;
  const title = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename Conversation'),
    value: session.state.conversation?.title ?? '',
    validateInput: (value) => (value.trim() === '' ? vscode.l10n.t('Give it a name.') : null),
  });
  if (title !== undefined) await session.rename(title.trim());
}

/** The chat with the focus; else the only one that runs; else the person chooses. */
async function stop({ chats, sessions }: CommandServices): Promise<void> {
  const focused = chats.focused?.session;
  if (focused?.isRunning === true) {
    focused.stop();
    return;
  }
  const { running } = sessions;
  const [only] = running;
  if (running.length === 1) {
    only?.stop();
    return;
  }
  const picked = await vscode.window.showQuickPick(
    running.map((session) => ({
      label: titleOf(session),
      description: session.state.agent?.name ?? '',
      session,
    })),
    { title: vscode.l10n.t('Stop Agent'), placeHolder: vscode.l10n.t('Which one should stop?') },
  );
  picked?.session.stop();
}

export function titleOf(session: Session): string {
  const title = session.state.conversation?.title ?? '';
  return title === '' ? vscode.l10n.t('New conversation') : title;
}

function isDiagnostic(value: unknown): value is vscode.Diagnostic {
  return typeof value === 'object' && value !== null && 'message' in value && 'range' in value;
}

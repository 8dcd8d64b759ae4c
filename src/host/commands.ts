import * as vscode from 'vscode';
import { isDemoModel, type Hub } from '../core/hub.ts';
import type { Logger } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { Sessions } from '../core/sessions.ts';
import { ask } from './askCommand.ts';
import { newTarget, type Chats } from './chats.ts';
import type { MemoryActions } from './memoryActions.ts';
import { connectProvider, pickAgent, pickConversation, pickModel } from './pickers.ts';
import { askAboutThis, attachFile, sendSelection, sendSelectionTo } from './selectionCommands.ts';

export interface CommandServices {
  readonly hub: Hub;
  readonly chats: Chats;
  readonly sessions: Sessions;
  readonly memory: MemoryActions;
  readonly logger: Logger;
  readonly channel: vscode.LogOutputChannel;
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
    'letta.connectProvider': async () => {
      if (await connectProvider(hub)) await choose(services, 'models');
    },
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

async function chooseModel(services: CommandServices): Promise<void> {
  const { hub, chats } = services;
  const { session } = chats.current;
  const model = await pickModel(hub, session.state.model?.handle ?? null);
  if (model !== null) await useModel(services, model.handle);
}

/** A row of the first-run list, or its command. */
async function choose(services: CommandServices, choiceId: string): Promise<void> {
  const { hub, chats } = services;
  if (choiceId === 'provider') {
    await vscode.commands.executeCommand('letta.connectProvider');
  } else if (choiceId === 'demo') {
    await chats.reveal(chats.current);
    const handle = await hub.startDemo();
    const known = hub.agents.find((agent) => agent.modelHandle === handle);
    const agent = known ?? (await hub.createAgent(handle, vscode.l10n.t('Demo')));
    const { session } = chats.current;
    if (session.target.agentId === null) await session.open();
    else if (session.target.agentId !== agent.id) chats.current.show(newTarget(agent.id));
  } else if (choiceId === 'models') {
    await chooseModel(services);
  } else if (choiceId.startsWith('model:')) {
    await useModel(services, choiceId.slice('model:'.length));
  }
}

/** Makes the first agent where there is none; else changes the model of the conversation shown. */
async function useModel({ hub, chats }: CommandServices, handle: string): Promise<void> {
  if (isDemoModel(handle)) await hub.startDemo();
  const { session } = chats.current;
  if (hub.agents.length === 0) {
    await hub.createAgent(handle);
    await session.open();
  } else {
    await session.setModel(handle);
  }
}

export function titleOf(session: Session): string {
  const title = session.state.conversation?.title ?? '';
  return title === '' ? vscode.l10n.t('New conversation') : title;
}

function isDiagnostic(value: unknown): value is vscode.Diagnostic {
  return typeof value === 'object' && value !== null && 'message' in value && 'range' in value;
}

import * as vscode from 'vscode';
import type { Disposable } from '../core/ports.ts';
import type { Hub } from '../core/hub.ts';
import type { Session } from '../core/session.ts';
import type { Sessions } from '../core/sessions.ts';
import type { Chats } from './chats.ts';

/** One item: the agent and what it does. A click stops what runs, else opens the chat. Also keeps `letta.isRunning`. */
export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #hub: Hub;
  readonly #sessions: Sessions;
  readonly #chats: Chats;
  readonly #subscriptions: readonly Disposable[];
  #shown = '';
  #isRunning = false;

  constructor(hub: Hub, sessions: Sessions, chats: Chats) {
    this.#hub = hub;
    this.#sessions = sessions;
    this.#chats = chats;
    this.#item = vscode.window.createStatusBarItem('letta.status', vscode.StatusBarAlignment.Right, 100);
    this.#item.name = 'Letta';
    const update = (): void => {
      this.#update();
    };
    this.#subscriptions = [
      hub.onDidChange(update),
      sessions.onDidChange(update),
      chats.view.controller.onDidChange(update),
    ];
    this.#update();
    this.#item.show();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const { running } = this.#sessions;
    const { text, tooltip, command } = this.#describe(running);
    // Changes come with every token: only what differs goes to VS Code.
    const shown = `${text}\n${tooltip}\n${command}`;
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#item.text = text;
      this.#item.tooltip = tooltip;
      this.#item.command = command;
      this.#item.accessibilityInformation = { label: `Letta, ${tooltip}` };
    }
    if (this.#isRunning !== running.length > 0) {
      this.#isRunning = running.length > 0;
      void vscode.commands.executeCommand('setContext', 'letta.isRunning', this.#isRunning);
    }
  }

  /** Turns in conversations that no chat of this window has open: begun before a reload, or in another window. */
  #inBackground(): number {
    const { state } = this.#hub;
    if (state.kind !== 'ready') return 0;
    const open = new Set(this.#sessions.all.map(({ target }) => target.conversationId));
    return state.connection.working.filter(({ conversationId }) => !open.has(conversationId)).length;
  }

  #describe(running: readonly Session[]): { text: string; tooltip: string; command: string } {
    const agent = this.#chats.view.controller.session.state.agent?.name ?? 'Letta';
    const waiting = running.find((session) => session.isWaitingForPerson);
    if (waiting !== undefined) {
      const name = waiting.state.agent?.name ?? 'Letta';
      return {
        text: `$(bell-dot) ${name}`,
        tooltip: vscode.l10n.t('{0} waits for your answer', name),
        command: 'letta.focusChat',
      };
    }
    if (running.length > 0) {
      const name = running.length === 1 ? (running[0]?.state.agent?.name ?? agent) : String(running.length);
      return {
        text: `$(loading~spin) ${name}`,
        tooltip:
          running.length === 1
            ? vscode.l10n.t('{0} is working. Click to stop.', name)
            : vscode.l10n.t('{0} agents are working. Click to stop one.', name),
        command: 'letta.stop',
      };
    }
    const inBackground = this.#inBackground();
    if (inBackground > 0) {
      return {
        text: `$(loading~spin) ${agent}`,
        tooltip:
          inBackground === 1
            ? vscode.l10n.t('A conversation that is not open here goes on in the background')
            : vscode.l10n.t('{0} conversations that are not open here go on in the background', inBackground),
        command: 'letta.switchConversation',
      };
    }
    if (this.#hub.link.state === 'failed') {
      return { text: `$(warning) Letta`, tooltip: this.#hub.link.text, command: 'letta.focusChat' };
    }
    return {
      text: `$(comment-discussion) ${agent}`,
      tooltip: vscode.l10n.t('Open the chat'),
      command: 'letta.focusChat',
    };
  }
}

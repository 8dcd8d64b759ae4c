import { randomUUID } from 'node:crypto';
import type * as vscode from 'vscode';
import type { Disposable } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import type { ChatPanels } from './chatPanels.ts';
import type { ChatView } from './chatView.ts';
import type { PanelController } from './panelController.ts';

const MEMENTO_KEY = 'letta.current';

/** All chats of this window: the one in the side bar and those in editor tabs. Knows which one is meant. */
export class Chats implements Disposable {
  readonly view: ChatView;
  readonly panels: ChatPanels;
  readonly #state: vscode.Memento;
  readonly #subscription: Disposable;
  #lastFocused: PanelController;

  constructor(view: ChatView, panels: ChatPanels, state: vscode.Memento) {
    this.view = view;
    this.panels = panels;
    this.#state = state;
    this.#lastFocused = view.controller;
    this.#subscription = view.controller.onDidChange(() => {
      this.#remember();
    });
  }

  /** What the side bar showed when the window was last open. */
  static remembered(state: vscode.Memento): SessionTarget {
    const kept = state.get<Partial<SessionTarget>>(MEMENTO_KEY, {});
    return {
      agentId: kept.agentId ?? null,
      conversationId: kept.conversationId ?? null,
      title: kept.title ?? null,
      newId: kept.newId ?? randomUUID(),
    };
  }

  get all(): readonly PanelController[] {
    return [this.view.controller, ...this.panels.controllers];
  }

  /** The chat with the keyboard focus, else the tab in front, else the side bar. */
  get current(): PanelController {
    return this.focused ?? this.panels.active ?? this.view.controller;
  }

  get focused(): PanelController | null {
    return this.all.find((controller) => controller.isFocused) ?? null;
  }

  noteFocus(controller: PanelController): void {
    this.#lastFocused = controller;
  }

  /** Where a question or a selection goes: the chat used last, if it can still be seen, else the side bar. */
  get addressee(): PanelController {
    const last = this.#lastFocused;
    return this.panels.isVisible(last) ? last : this.view.controller;
  }

  async reveal(controller: PanelController): Promise<void> {
    if (controller === this.view.controller) await this.view.reveal();
    else this.panels.reveal(controller);
  }

  async showInView(target: SessionTarget): Promise<Session> {
    const session = this.view.controller.show(target);
    await this.view.reveal();
    return session;
  }

  controllerOf(session: Session): PanelController | null {
    return this.all.find((controller) => controller.session === session) ?? null;
  }

  isVisible(controller: PanelController): boolean {
    return controller === this.view.controller ? this.view.isVisible : this.panels.isVisible(controller);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.panels.dispose();
    this.view.dispose();
  }

  #remember(): void {
    const { target } = this.view.controller.session;
    const kept = this.#state.get<Partial<SessionTarget>>(MEMENTO_KEY);
    if (
      kept?.conversationId === target.conversationId &&
      kept.title === target.title &&
      kept.newId === target.newId
    ) {
      return;
    }
    void this.#state.update(MEMENTO_KEY, target);
  }
}

export function newTarget(agentId: string | null): SessionTarget {
  return { agentId, conversationId: null, title: null, newId: randomUUID() };
}

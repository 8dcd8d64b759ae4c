import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Disposable } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import type { ChatPanels } from './chatPanels.ts';
import type { ChatView } from './chatView.ts';
import type { PanelController } from './panelController.ts';
import type { StateFile } from './stateFile.ts';

const KEY = 'current';
const keptTarget = v.object({
  agentId: v.nullable(v.string()),
  conversationId: v.nullable(v.string()),
  title: v.nullable(v.string()),
  newId: v.string(),
});

/** All chats of this window: the one in the side bar and those in editor tabs. Knows which one is meant. */
export class Chats implements Disposable {
  readonly view: ChatView;
  readonly panels: ChatPanels;
  readonly #state: StateFile;
  readonly #subscription: Disposable;
  #lastFocused: PanelController;
  #remembered: SessionTarget | null = null;

  constructor(view: ChatView, panels: ChatPanels, state: StateFile) {
    this.view = view;
    this.panels = panels;
    this.#state = state;
    this.#lastFocused = view.controller;
    this.#subscription = view.controller.onDidChange(() => {
      this.#remember();
    });
  }

  /** What the side bar showed when the window was last open. */
  static remembered(state: StateFile): SessionTarget {
    const kept = v.safeParse(keptTarget, state.get(KEY));
    return kept.success ? kept.output : newTarget(null);
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
    if (this.#remembered === target) return;
    this.#remembered = target;
    this.#state.set(KEY, target);
  }
}

export function newTarget(agentId: string | null): SessionTarget {
  return { agentId, conversationId: null, title: null, newId: randomUUID() };
}

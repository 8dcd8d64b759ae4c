import type { PanelNotice } from '../shared/panel.ts';
import type { Logger } from './ports.ts';

/** What went wrong outside of a turn, shown until dismissed or the next message. */
export class Notices {
  readonly #logger: Logger;
  readonly #newId: () => string;
  readonly #onChange: () => void;
  #all: readonly PanelNotice[] = [];

  constructor(logger: Logger, newId: () => string, onChange: () => void) {
    this.#logger = logger;
    this.#newId = newId;
    this.#onChange = onChange;
  }

  get all(): readonly PanelNotice[] {
    return this.#all;
  }

  clear(): void {
    this.#all = [];
    this.#onChange();
  }

  dismiss(id: string): void {
    this.#all = this.#all.filter((notice) => notice.id !== id);
    this.#onChange();
  }

  /** Once, however often it is so. */
  say(text: string): void {
    if (this.#all.some((notice) => notice.text === text)) return;
    this.#all = [
      ...this.#all,
      { id: this.#newId(), level: 'warning', text, detail: '', actions: ['showLog'] },
    ];
    this.#onChange();
  }

  /** Runs a request; a failure is logged and becomes a notice. True when it went well. */
  async attempt(what: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#logger.error(`${what} failed`, error);
      const detail = error instanceof Error ? error.message : String(error);
      const text = `${what} did not work: ${detail}`;
      this.#all = [
        ...this.#all,
        { id: this.#newId(), level: 'error', text, detail: '', actions: ['showLog'] },
      ];
      this.#onChange();
      return false;
    }
  }
}

import type * as vscode from 'vscode';
import type { Draft } from '../shared/protocol.ts';

const KEY = 'letta.drafts';
const MAX_DRAFTS = 100;

/** Unsent text by conversation, per workspace. The higher revision wins: a webview may come back with an older copy. */
export class DraftStore {
  readonly #memento: vscode.Memento;
  #drafts: readonly Draft[];

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
    this.#drafts = memento.get<readonly Draft[]>(KEY, []);
  }

  get(key: string): Draft {
    return this.#drafts.find((draft) => draft.key === key) ?? { key, text: '', revision: 0 };
  }

  /** Returns what is kept now: the given draft, or a newer one. */
  keep(draft: Draft): Draft {
    const known = this.get(draft.key);
    if (draft.revision <= known.revision) return known;
    // An empty draft stays as well: its revision tells a webview's old copy from a new one.
    this.#drafts = [draft, ...this.#drafts.filter((other) => other.key !== draft.key)].slice(0, MAX_DRAFTS);
    void this.#memento.update(KEY, this.#drafts);
    return draft;
  }

  /** Sets the text with a revision above any known one. */
  set(key: string, text: string): Draft {
    return this.keep({ key, text, revision: this.get(key).revision + 1 });
  }

  /** A new conversation got its real key. */
  move(from: string, to: string): void {
    const draft = this.get(from);
    if (draft.text !== '') this.set(to, draft.text);
    this.set(from, '');
  }
}

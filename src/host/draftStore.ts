import * as v from 'valibot';
import type { Draft } from '../shared/protocol.ts';
import type { StateFile } from './stateFile.ts';

const KEY = 'drafts';
const MAX_DRAFTS = 100;
const drafts = v.array(v.object({ key: v.string(), text: v.string(), revision: v.number() }));

/** Unsent text by conversation, per workspace. The higher revision wins: a webview may come back with an older copy. */
export class DraftStore {
  readonly #state: StateFile;
  #drafts: readonly Draft[];

  constructor(state: StateFile) {
    this.#state = state;
    this.#drafts = draftsIn(state.get(KEY));
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
    this.#state.set(KEY, this.#drafts, newerDrafts);
    return draft;
  }

  /** Sets the text with a revision above any known one. */
  set(key: string, text: string): Draft {
    return this.keep({ key, text, revision: this.get(key).revision + 1 });
  }

  /** A new conversation got its real key. */
  move(from: string, to: string): void {
    const { text } = this.get(from);
    if (text !== '') this.set(to, text);
    this.set(from, '');
  }
}

/** Of each conversation the one with the higher revision; this window's first. */
function newerDrafts(ours: unknown, written: unknown): readonly Draft[] {
  const mine = draftsIn(ours);
  const others = draftsIn(written);
  const newest = mine.map((draft) => {
    const other = others.find(({ key }) => key === draft.key);
    return other !== undefined && other.revision > draft.revision ? other : draft;
  });
  const rest = others.filter(({ key }) => !mine.some((draft) => draft.key === key));
  return [...newest, ...rest].slice(0, MAX_DRAFTS);
}

function draftsIn(value: unknown): readonly Draft[] {
  const kept = v.safeParse(drafts, value);
  return kept.success ? kept.output : [];
}

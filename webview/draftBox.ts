import { signal, type ReadonlySignal } from '@preact/signals';
import type { Draft } from '../src/shared/protocol.ts';
import type { Host } from './host.ts';

/** Typing is told to the host at once while that is cheap, longer texts when the typing pauses. */
const SHORT_LENGTH = 4000;
const PAUSE_MS = 150;

/** The text in the composer. Of two copies for one conversation, ours and the host's, the one edited last wins. */
export class DraftBox {
  readonly #host: Host;
  readonly #draft = signal<Draft>({ key: '', text: '', revision: 0 });
  #cancelTelling: (() => void) | null = null;

  constructor(host: Host, kept: Draft | null) {
    this.#host = host;
    if (kept !== null) this.#draft.value = kept;
  }

  get draft(): ReadonlySignal<Draft> {
    return this.#draft;
  }

  setText(text: string): void {
    const { key, revision } = this.#draft.peek();
    this.#draft.value = { key, text, revision: revision + 1 };
    this.#cancelTelling?.();
    this.#cancelTelling = this.#host.later(PAUSE_MS, () => {
      this.tell();
    });
    if (text.length <= SHORT_LENGTH) this.tell();
  }

  /** Tells the host what it does not know yet. */
  tell(): void {
    if (this.#cancelTelling === null) return;
    this.#cancelTelling();
    this.#cancelTelling = null;
    this.#host.post({ type: 'draftChanged', draft: this.#draft.peek() });
  }

  /** The conversation shown got its id: what is being written belongs to the new key. */
  rename(key: string): void {
    this.#draft.value = { ...this.#draft.peek(), key };
  }

  receive(draft: Draft): void {
    const own = this.#draft.peek();
    // Typed before the host had said which conversation this is: kept, behind what was a draft already.
    if (own.key === '' && own.text !== '') {
      const text = draft.text === '' ? own.text : `${draft.text}\n${own.text}`;
      this.#draft.value = { key: draft.key, text: draft.text, revision: draft.revision };
      this.setText(text);
      return;
    }
    if (own.key === draft.key && own.revision > draft.revision) return;
    this.tell();
    this.#draft.value = draft;
  }
}

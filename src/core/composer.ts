import { addAttachment, type AttachmentContent, type AttachmentSource } from './attachments.ts';
import type { HeldMessage } from './sessionView.ts';

/** What the person is about to say: attached context, and messages sent before they could be handed to the server. */
export class Composer {
  readonly #newId: () => string;
  readonly #budgetBytes: () => number;
  readonly #onChange: () => void;
  readonly #seenClientIds = new Set<string>();
  #attachments: readonly AttachmentContent[] = [];
  #held: readonly HeldMessage[] = [];

  constructor(newId: () => string, budgetBytes: () => number, onChange: () => void) {
    this.#newId = newId;
    this.#budgetBytes = budgetBytes;
    this.#onChange = onChange;
  }

  get attachments(): readonly AttachmentContent[] {
    return this.#attachments;
  }

  get held(): readonly HeldMessage[] {
    return this.#held;
  }

  /** The message with all that is attached; null for a second call with the same client id, or without words. */
  take(clientId: string, text: string): HeldMessage | null {
    if (this.#seenClientIds.has(clientId) || text.trim() === '') return null;
    this.#seenClientIds.add(clientId);
    const message: HeldMessage = { clientId, text, attachments: this.#attachments };
    this.#attachments = [];
    return message;
  }

  hold(message: HeldMessage): void {
    this.#held = [...this.#held, message];
    this.#onChange();
  }

  /** Takes one held message back; null when it was sent already. */
  unhold(clientId: string): HeldMessage | null {
    const message = this.#held.find((one) => one.clientId === clientId) ?? null;
    this.#held = this.#held.filter((one) => one !== message);
    if (message !== null) this.#onChange();
    return message;
  }

  /** All held messages, oldest first; they are the caller's now. */
  releaseHeld(): readonly HeldMessage[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  attach(source: AttachmentSource): void {
    this.#attachments = addAttachment(this.#attachments, source, this.#newId(), this.#budgetBytes());
    this.#onChange();
  }

  detach(id: string): void {
    this.#attachments = this.#attachments.filter(({ chip }) => chip.id !== id);
    this.#onChange();
  }
}

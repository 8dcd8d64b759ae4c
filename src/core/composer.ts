import { addAttachment, type AttachmentContent, type AttachmentSource } from './attachments.ts';
import type { HeldMessage } from './sessionView.ts';

/** What the person is about to say: the context attached to the next message. */
export class Composer {
  readonly #newId: () => string;
  readonly #budgetBytes: () => number;
  readonly #onChange: () => void;
  readonly #seenClientIds = new Set<string>();
  #attachments: readonly AttachmentContent[] = [];

  constructor(newId: () => string, budgetBytes: () => number, onChange: () => void) {
    this.#newId = newId;
    this.#budgetBytes = budgetBytes;
    this.#onChange = onChange;
  }

  get attachments(): readonly AttachmentContent[] {
    return this.#attachments;
  }

  /** The message with all that is attached; null for a second call with the same client id, or without words. */
  take(clientId: string, text: string): HeldMessage | null {
    if (this.#seenClientIds.has(clientId) || text.trim() === '') return null;
    this.#seenClientIds.add(clientId);
    const message: HeldMessage = { clientId, text, attachments: this.#attachments };
    this.#attachments = [];
    return message;
  }

  attach(source: AttachmentSource): void {
    this.#attachments = addAttachment(this.#attachments, source, this.#newId(), this.#budgetBytes());
    this.#onChange();
  }

  /** The attachments of a message that is edited again. */
  giveBack(attachments: readonly AttachmentContent[]): void {
    this.#attachments = [...this.#attachments, ...attachments];
    this.#onChange();
  }

  detach(id: string): void {
    this.#attachments = this.#attachments.filter(({ chip }) => chip.id !== id);
    this.#onChange();
  }
}

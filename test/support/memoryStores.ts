import type { JournalRecord, JournalStore } from '../../src/core/journal.ts';
import type { ClaimedMessage, KeptMessage, OutboxStore } from '../../src/core/outbox.ts';
import { sessionKey } from '../../src/core/sessionView.ts';

/** A disk that outlives windows. */
export class FakeDisk {
  readonly messages = new Map<string, { readonly message: KeptMessage; window: number; isAlive: boolean }>();
  readonly journal = new Map<string, Map<string, JournalRecord>>();
  #windows = 0;
  /** Writes are refused while it is full. */
  isFull = false;
  /** Client ids whose write waits for this. */
  readonly slow = new Map<string, Promise<void>>();

  /** A window with its own lease. */
  openWindow(): { readonly outbox: OutboxStore; readonly journal: JournalStore; readonly end: () => void } {
    const window = ++this.#windows;
    const outbox = new MemoryOutbox(this, window);
    const journal = new MemoryJournal(this);
    return {
      outbox,
      journal,
      end: () => {
        // A process that is gone writes no more.
        outbox.isGone = true;
        journal.isGone = true;
        for (const kept of this.messages.values()) if (kept.window === window) kept.isAlive = false;
      },
    };
  }
}

class MemoryOutbox implements OutboxStore {
  readonly #disk: FakeDisk;
  readonly #window: number;
  readonly #attended = new Set<string>();
  isGone = false;

  constructor(disk: FakeDisk, window: number) {
    this.#disk = disk;
    this.#window = window;
  }

  write(message: KeptMessage): Promise<void> {
    if (this.isGone) return never();
    this.#attended.add(message.clientId);
    if (this.#disk.isFull) return Promise.reject(new Error('no space left'));
    this.#disk.messages.set(message.clientId, { message, window: this.#window, isAlive: true });
    return this.#disk.slow.get(message.clientId) ?? Promise.resolve();
  }

  release(clientId: string): void {
    this.#attended.delete(clientId);
  }

  isStillOurs(clientId: string): Promise<boolean> {
    if (this.isGone) return never();
    if (this.#disk.isFull) return Promise.reject(new Error('no space left'));
    return Promise.resolve(this.#disk.messages.get(clientId)?.window === this.#window);
  }

  remove(clientId: string): Promise<void> {
    if (this.isGone) return never();
    this.#attended.delete(clientId);
    if (this.#disk.messages.get(clientId)?.window === this.#window) this.#disk.messages.delete(clientId);
    return Promise.resolve();
  }

  claim(keys: readonly string[]): Promise<readonly ClaimedMessage[]> {
    if (this.isGone) return never();
    const found = [...this.#disk.messages.values()].filter(({ isAlive, window, message }) => {
      const isLeft = window === this.#window ? !this.#attended.has(message.clientId) : !isAlive;
      return isLeft && keys.includes(sessionKey(message.target));
    });
    for (const kept of found) {
      Object.assign(kept, { window: this.#window, isAlive: true });
      this.#attended.add(kept.message.clientId);
    }
    return Promise.resolve(found.map(({ message }) => ({ message, isOwn: true })));
  }
}

class MemoryJournal implements JournalStore {
  readonly #disk: FakeDisk;

  isGone = false;

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  read(key: string): Promise<readonly JournalRecord[]> {
    return Promise.resolve([...(this.#disk.journal.get(key)?.values() ?? [])]);
  }

  write(key: string, record: JournalRecord): Promise<void> {
    if (this.isGone) return never();
    const turns = this.#disk.journal.get(key) ?? new Map<string, JournalRecord>();
    this.#disk.journal.set(key, turns.set(record.turn.id, structuredClone(record)));
    return Promise.resolve();
  }

  remove(key: string, turnId: string): Promise<void> {
    if (this.isGone) return never();
    this.#disk.journal.get(key)?.delete(turnId);
    return Promise.resolve();
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

import type { Turn } from '../shared/transcript.ts';
import type { FoldState } from './foldState.ts';
import type { Clock, Disposable, Logger } from './ports.ts';

/** A turn as the person saw it, which the server may not keep. */
export interface JournalRecord {
  readonly turn: Turn;
  /** The turn before it, when it was written; null: it was the first. */
  readonly afterTurnId: string | null;
}

/** Turns on disk, one file each, by conversation (`sessionKey`). */
export interface JournalStore {
  /** Oldest first. */
  read(key: string): Promise<readonly JournalRecord[]>;
  write(key: string, record: JournalRecord): Promise<void>;
  remove(key: string, turnId: string): Promise<void>;
}

/** A running turn is written this often: what a crash of everything at once can take away. */
const SNAPSHOT_MS = 2_000;
/** What a stopped model still says comes after the end of its turn; gathered this long. */
const LATE_MS = 50;

export interface JournalPorts {
  readonly store: JournalStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null while the conversation has no id. */
  readonly key: () => string | null;
}

/**
 * Writes down what the person saw and the server may not keep: a running turn from time to time, and every turn that
 * ended otherwise than well. A turn that ended well is the server's, and leaves.
 */
export class Journal implements Disposable {
  readonly #ports: JournalPorts;
  /** Turns that have a file. */
  readonly #written = new Set<string>();
  #timer: Disposable | null = null;
  #latest: FoldState | null = null;
  /** The newest turn that ended and was written, as it was written. */
  #ended: Turn | null = null;
  #lateTimer: Disposable | null = null;
  /** One after another: an older write must not come after a newer one. */
  #work: Promise<void> = Promise.resolve();
  #records: readonly JournalRecord[] | null = null;

  constructor(ports: JournalPorts) {
    this.#ports = ports;
  }

  /** What earlier windows wrote, as far as it was read. */
  get records(): readonly JournalRecord[] {
    return this.#records ?? [];
  }

  /** Reads what earlier windows wrote, once. */
  async read(): Promise<void> {
    const key = this.#ports.key();
    if (this.#records !== null || key === null) return;
    try {
      this.#records = await this.#ports.store.read(key);
      for (const { turn } of this.#records) this.#written.add(turn.id);
    } catch (error) {
      this.#ports.logger.error('What was seen before cannot be read', error);
    }
  }

  /** Call after every change: the running turn is written within two seconds. */
  follow(fold: FoldState): void {
    this.#latest = fold;
    this.#followEnded();
    if (fold.currentTurnId === null || this.#timer !== null) return;
    this.#timer = this.#ports.clock.after(SNAPSHOT_MS, () => {
      this.#timer = null;
      const turn = this.#latest?.transcript.turns.find((one) => one.id === this.#latest?.currentTurnId);
      if (turn?.parts.some((part) => part.kind !== 'user') === true) this.#write(turn);
    });
  }

  ended(turn: Turn, fold: FoldState): void {
    this.#latest = fold;
    this.#timer?.dispose();
    this.#timer = null;
    const isOnlyUnsent = turn.parts.every((part) => part.kind !== 'user' || part.delivery === 'unsent');
    const hasReply = turn.parts.some((part) => part.kind !== 'user' && part.kind !== 'notice');
    if (turn.outcome?.kind === 'completed' || (isOnlyUnsent && !hasReply)) this.#remove(turn.id);
    else {
      this.#ended = turn;
      this.#write(turn);
    }
  }

  #followEnded(): void {
    const ended = this.#ended;
    if (ended === null || this.#lateTimer !== null || this.#find(ended.id) === ended) return;
    this.#lateTimer = this.#ports.clock.after(LATE_MS, () => {
      this.#lateTimer = null;
      const turn = this.#find(ended.id);
      if (turn?.state !== 'ended' || this.#ended !== ended) return;
      this.#ended = turn;
      if (turn.outcome?.kind === 'completed') this.#remove(turn.id);
      else this.#write(turn);
    });
  }

  #find(turnId: string): Turn | null {
    return this.#latest?.transcript.turns.findLast((turn) => turn.id === turnId) ?? null;
  }

  /** Resolves when all is on disk. */
  flushed(): Promise<void> {
    return this.#work;
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = null;
    this.#lateTimer?.dispose();
  }

  #write(turn: Turn): void {
    const key = this.#ports.key();
    const turns = this.#latest?.transcript.turns ?? [];
    if (key === null) return;
    this.#written.add(turn.id);
    const index = turns.findIndex((one) => one.id === turn.id);
    const afterTurnId = turns[index - 1]?.id ?? null;
    this.#do('written', () => this.#ports.store.write(key, { turn, afterTurnId }));
  }

  #remove(turnId: string): void {
    const key = this.#ports.key();
    if (key === null || !this.#written.delete(turnId)) return;
    this.#do('removed', () => this.#ports.store.remove(key, turnId));
  }

  #do(what: string, action: () => Promise<void>): void {
    this.#work = this.#work.then(action).catch((error: unknown) => {
      this.#ports.logger.error(`A turn that was seen could not be ${what}`, error);
    });
  }
}

import type { LettaErrorReason } from './lettaConnection.ts';
import type { Clock, Disposable } from './ports.ts';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** Tries by itself; after them it waits for a sign that something changed. */
const QUICK_TRIES = 3;

/** Where trying again can help without the person. */
const PASSES: ReadonlySet<LettaErrorReason> = new Set(['connectionLost', 'unreachable', 'timeout']);

/** When a connection that was lost is tried again: three times by itself, with full jitter, then when nudged. */
export class Reconnecting implements Disposable {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #connect: () => void;
  #tries = 0;
  #timer: Disposable | null = null;
  #failedAt = -Infinity;

  /** `random` gives 0 ≤ x < 1. */
  constructor(clock: Clock, random: () => number, connect: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#connect = connect;
  }

  /** How many tries by itself were begun since the connection was lost. */
  get tries(): number {
    return this.#tries;
  }

  /** The connection was lost, or a try failed. When it is tried again (epoch ms); null: not by itself. */
  failed(reason: LettaErrorReason): number | null {
    this.cancel();
    this.#failedAt = this.#clock.now();
    if (!PASSES.has(reason) || this.#tries >= QUICK_TRIES) return null;
    const delay = Math.round(this.#random() * this.#ceiling());
    this.#tries++;
    this.#timer = this.#clock.after(delay, () => {
      this.#timer = null;
      this.#connect();
    });
    return this.#clock.now() + delay;
  }

  /**
   * Something changed: the window has the focus again, or the network is another one. Tried at once, but not again and
   * again where focus comes and goes.
   */
  nudge(): void {
    if (this.#timer === null) {
      if (this.#tries === 0 || this.#clock.now() - this.#failedAt < this.#ceiling()) return;
      this.#tries++;
    }
    this.cancel();
    this.#connect();
  }

  succeeded(): void {
    this.cancel();
    this.#tries = 0;
  }

  cancel(): void {
    this.#timer?.dispose();
    this.#timer = null;
  }

  dispose(): void {
    this.cancel();
  }

  #ceiling(): number {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries);
  }
}

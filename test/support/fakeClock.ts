import type { Clock, Disposable } from '../../src/core/ports.ts';

/** Time that moves only when told to. Timers fire in order of their time, then of their making. */
export class FakeClock implements Clock {
  #now: number;
  #count = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly callback: () => void }>();

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const id = this.#count++;
    this.#timers.set(id, { at: this.#now + Math.max(0, delayMs), callback });
    return { dispose: () => this.#timers.delete(id) };
  }

  /** Sets the time without firing anything: a clock that jumped. */
  set(now: number): void {
    this.#now = now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.at <= end)
        .sort(([a, x], [b, y]) => x.at - y.at || a - b);
      const [first] = due;
      if (first === undefined) break;
      this.#timers.delete(first[0]);
      this.#now = Math.max(this.#now, first[1].at);
      first[1].callback();
    }
    this.#now = end;
  }
}

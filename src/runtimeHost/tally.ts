const EVERY_MS = 60_000;

/** Counts what goes wrong, and says how often: at once, then at most once a minute. */
export class Tally {
  readonly #tell: (count: number) => void;
  #count = 0;
  #toldAt = -Infinity;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  add(): void {
    this.#count++;
    const now = performance.now();
    if (now - this.#toldAt < EVERY_MS) return;
    this.#toldAt = now;
    this.#tell(this.#count);
  }
}

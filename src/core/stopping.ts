import type { Clock, Disposable } from './ports.ts';

/** After this long without the end of a stopped turn, the person is told what is known. */
const PATIENCE_MS = 5_000;
/** The server may not run yet what it is to stop: it is asked again, not more often than this. */
const ASK_EVERY_MS = 1_000;

export interface StoppingPorts {
  readonly clock: Clock;
  /** Asks the server once. False: nothing ran there. Must not reject. */
  readonly ask: () => Promise<boolean>;
  /** The turn ended meanwhile, or the way to the server is gone. */
  readonly isOver: () => boolean;
  readonly onConfirmed: () => void;
  readonly onOverdue: () => void;
}

/** One press of Stop, until the server confirms it. */
export class Stopping implements Disposable {
  readonly #ports: StoppingPorts;
  readonly #patience: Disposable;
  #next: Disposable | null = null;
  #isDone = false;

  constructor(ports: StoppingPorts) {
    this.#ports = ports;
    // Also past the end that is shown: the model may hold the conversation much longer (PROTOCOL b.13).
    this.#patience = ports.clock.after(PATIENCE_MS, ports.onOverdue);
    void this.#ask();
  }

  dispose(): void {
    this.#isDone = true;
    this.#patience.dispose();
    this.#next?.dispose();
  }

  async #ask(): Promise<void> {
    const isConfirmed = await this.#ports.ask();
    if (this.#isDone) return;
    if (isConfirmed) this.#ports.onConfirmed();
    else {
      this.#next = this.#ports.clock.after(ASK_EVERY_MS, () => {
        if (!this.#ports.isOver()) void this.#ask();
      });
    }
  }
}

import { networkInterfaces } from 'node:os';
import type { Hub } from '../core/hub.ts';
import type { Clock, Disposable } from '../core/ports.ts';

const LOOK_EVERY_MS = 3_000;

/** While there is no connection: a network that came or changed is a reason to try again. Nobody announces it. */
export class NetworkWatch implements Disposable {
  readonly #clock: Clock;
  readonly #hub: Hub;
  readonly #subscription: Disposable;
  #timer: Disposable | null = null;
  #addresses = '';

  constructor(clock: Clock, hub: Hub) {
    this.#clock = clock;
    this.#hub = hub;
    this.#subscription = hub.onDidChange(() => {
      this.#follow();
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#timer?.dispose();
  }

  #follow(): void {
    const isLost = this.#hub.state.kind === 'failed' || this.#hub.state.kind === 'waiting';
    if (!isLost) {
      this.#timer?.dispose();
      this.#timer = null;
    } else if (this.#timer === null) {
      this.#addresses = addresses();
      this.#look();
    }
  }

  #look(): void {
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      const now = addresses();
      const isChanged = now !== this.#addresses;
      this.#addresses = now;
      this.#look();
      if (isChanged) this.#hub.nudge();
    });
  }
}

function addresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .map(({ address }) => address)
    .sort()
    .join(' ');
}

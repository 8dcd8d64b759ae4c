import { randomBytes } from 'node:crypto';
import type { GaveUpReason, RuntimeState } from '../shared/wire.ts';
import type { BoundedLog } from './boundedLog.ts';
import type { RuntimeEvents, RuntimeLife, RuntimeLifeEvents } from './runtimeHost.ts';

const WINDOW_MS = 3 * 60_000;

export interface SupervisorPolicy {
  /** At the beginning of a sentence. */
  readonly name: string;
  readonly begin: (events: RuntimeLifeEvents) => RuntimeLife;
  /** How long to wait before this try within three minutes, counted from 1; null: no more of them. */
  readonly backoffMs: (attempt: number) => number | null;
  /** What to say and why when there are no more, after what happened last. */
  readonly gaveUp: (message: string, isFinal: boolean) => readonly [GaveUpReason, string];
}

/** Keeps a runtime up: a few tries within three minutes, then it waits to be told. */
export class Supervisor {
  readonly #policy: SupervisorPolicy;
  readonly #log: BoundedLog;
  readonly #events: RuntimeEvents;
  #life: RuntimeLife | null = null;
  #state: RuntimeState = 'starting';
  #epoch = '';
  #restarts: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDeliberate = false;
  #restarting: Promise<void> | null = null;

  constructor(policy: SupervisorPolicy, log: BoundedLog, events: RuntimeEvents) {
    this.#policy = policy;
    this.#log = log;
    this.#events = events;
  }

  get state(): RuntimeState {
    return this.#state;
  }

  get epoch(): string {
    return this.#epoch;
  }

  start(): void {
    this.#state = 'starting';
    this.#epoch = randomBytes(8).toString('hex');
    try {
      this.#life = this.#policy.begin({
        onUp: () => {
          this.#state = 'up';
          this.#events.onUp(this.#epoch);
        },
        onFrame: (json) => {
          this.#events.onFrame(json);
        },
        onUnreadable: () => {
          this.#events.onUnreadable();
        },
        onEnd: (message, isFinal = false) => {
          this.#onEnd(message, isFinal);
        },
      });
    } catch (error) {
      this.#onEnd(error instanceof Error ? error.message : String(error), false);
    }
  }

  send(json: string): boolean {
    return this.#state === 'up' && this.#life?.send(json) === true;
  }

  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
  }

  async #restart(): Promise<void> {
    this.#restarts = [];
    await this.stop('restarted on request');
    this.start();
  }

  async stop(why: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#log.line(`runtime stop: ${why}`);
    this.#isDeliberate = true;
    await this.#life?.stop();
    this.#isDeliberate = false;
  }

  #onEnd(message: string, isFinal: boolean): void {
    const { name, backoffMs, gaveUp } = this.#policy;
    this.#life = null;
    this.#state = 'starting';
    if (this.#isDeliberate) {
      this.#events.onDown(1, `${name} is starting again.`);
      return;
    }
    const now = Date.now();
    this.#restarts = this.#restarts.filter((at) => now - at < WINDOW_MS);
    const waitMs = isFinal ? null : backoffMs(this.#restarts.length + 1);
    if (waitMs === null) {
      this.#state = 'gaveUp';
      this.#events.onGaveUp(...gaveUp(message, isFinal), this.#log.path);
      return;
    }
    this.#restarts.push(now);
    this.#events.onDown(this.#restarts.length, `${name} ${message}.`);
    this.#timer = setTimeout(() => {
      this.start();
    }, waitMs);
  }
}

import { randomBytes } from 'node:crypto';
import type { BoundedLog } from './boundedLog.ts';
import { RuntimeProcess } from './runtimeProcess.ts';
import type { RuntimeState } from './wire.ts';

const WINDOW_MS = 3 * 60_000;
const BACKOFF_MS = [250, 1_000, 3_000];

export interface SupervisorEvents {
  readonly onUp: (epoch: string) => void;
  readonly onFrame: (json: string) => void;
  readonly onDown: (attempt: number, message: string) => void;
  readonly onGaveUp: (message: string) => void;
}

/** Keeps the runtime running: at most three restarts in three minutes, then it waits to be told. */
export class Supervisor {
  readonly #stateDir: string;
  readonly #lettaPath: string;
  readonly #log: BoundedLog;
  readonly #events: SupervisorEvents;
  #runtime: RuntimeProcess | null = null;
  #state: RuntimeState = 'starting';
  #epoch = '';
  #restarts: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDeliberate = false;
  #restarting: Promise<void> | null = null;

  constructor(stateDir: string, lettaPath: string, log: BoundedLog, events: SupervisorEvents) {
    this.#stateDir = stateDir;
    this.#lettaPath = lettaPath;
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
      this.#runtime = new RuntimeProcess(this.#stateDir, this.#lettaPath, this.#log, {
        onUp: () => {
          this.#state = 'up';
          this.#events.onUp(this.#epoch);
        },
        onFrame: this.#events.onFrame,
        onEnd: (message) => {
          this.#onEnd(message);
        },
      });
    } catch (error) {
      this.#onEnd(error instanceof Error ? error.message : String(error));
    }
  }

  /** False when the runtime cannot take it now. */
  send(json: string): boolean {
    return this.#state === 'up' && this.#runtime?.send(json) === true;
  }

  /** A person asked: the count of restarts begins anew. */
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
    await this.#runtime?.stop();
    this.#isDeliberate = false;
  }

  #onEnd(message: string): void {
    this.#runtime = null;
    this.#state = 'starting';
    if (this.#isDeliberate) {
      this.#events.onDown(1, 'Letta on this computer is starting again.');
      return;
    }
    const now = Date.now();
    this.#restarts = this.#restarts.filter((at) => now - at < WINDOW_MS);
    const backoffMs = BACKOFF_MS[this.#restarts.length];
    if (backoffMs === undefined) {
      this.#state = 'gaveUp';
      this.#events.onGaveUp(
        `Letta on this computer ${message} four times within three minutes, so it is not started again by itself.`,
      );
      return;
    }
    this.#restarts.push(now);
    this.#events.onDown(this.#restarts.length, `Letta on this computer ${message}.`);
    this.#timer = setTimeout(() => {
      this.start();
    }, backoffMs);
  }
}

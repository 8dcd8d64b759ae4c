import type { RuntimeState } from '../shared/wire.ts';
import type { BoundedLog } from './boundedLog.ts';
import { RemoteRuntime, type RemoteTarget } from './remoteRuntime.ts';
import type { RuntimeEvents, RuntimeHost } from './runtimeHost.ts';
import { Supervisor } from './supervisor.ts';

/** Three quick tries; the wait before each is anything up to this (full jitter), so that many do not come at once. */
const BACKOFF_LIMITS_MS = [500, 1_000, 4_000];

/** An App Server that somebody else runs. Which one, the first window says. */
export class RemoteHost implements RuntimeHost {
  readonly #supervisor: Supervisor;
  #target: RemoteTarget | null = null;

  constructor(log: BoundedLog, events: RuntimeEvents) {
    this.#supervisor = new Supervisor(
      {
        name: 'The Letta server',
        begin: (lifeEvents) => {
          if (this.#target === null) throw new Error('was not named');
          return new RemoteRuntime(this.#target, log, lifeEvents);
        },
        backoffMs: (attempt) => {
          const limitMs = BACKOFF_LIMITS_MS[attempt - 1];
          return limitMs === undefined ? null : Math.random() * limitMs;
        },
        gaveUp: (message, isFinal) => [
          isFinal ? 'unauthorised' : 'unreachable',
          `The Letta server ${message}.`,
        ],
      },
      log,
      events,
    );
  }

  get state(): RuntimeState {
    return this.#supervisor.state;
  }

  get epoch(): string {
    return this.#supervisor.epoch;
  }

  /** Nothing to do before a window has said where the server is. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  send(json: string): boolean {
    return this.#supervisor.send(json);
  }

  async restart(): Promise<void> {
    if (this.#target !== null) await this.#supervisor.restart();
  }

  async attach(url: string, token: string): Promise<void> {
    const isSame = this.#target?.url === url && this.#target.token === token;
    if (isSame && this.state !== 'gaveUp') return;
    this.#target = { url, token };
    await this.#supervisor.restart();
  }

  startDemo(): Promise<unknown> {
    return Promise.reject(new Error('The demo model is only offered by Letta on this computer.'));
  }

  stop(why: string): Promise<void> {
    return this.#supervisor.stop(why);
  }
}

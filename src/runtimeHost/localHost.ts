import { join } from 'node:path';
import type { RuntimeState } from '../shared/wire.ts';
import type { BoundedLog } from './boundedLog.ts';
import { DemoProcess } from './demoProcess.ts';
import { formerRuntimeEnded } from './formerRuntime.ts';
import type { OtherLetta } from './runtimeEnvironment.ts';
import type { RuntimeEvents, RuntimeHost } from './runtimeHost.ts';
import { RuntimeProcess } from './runtimeProcess.ts';
import { Supervisor } from './supervisor.ts';
import { removeUnusedVersions } from './versions.ts';

const NAME = 'Letta on this computer';
const BACKOFF_MS = [250, 1_000, 3_000];

export interface LocalHostOptions {
  readonly stateDir: string;
  /** Holds demoModel.cjs and runtime/: `<state folder>/versions/<version>`. */
  readonly programDir: string;
  /** A Letta Code of the person's own, in place of the one that came with the extension. */
  readonly other: OtherLetta | null;
}

/** The runtime as a process below this one, and the demo model beside it. */
export class LocalHost implements RuntimeHost {
  readonly #options: LocalHostOptions;
  readonly #log: BoundedLog;
  readonly #supervisor: Supervisor;
  readonly #demo: DemoProcess;
  #isStopped = false;

  constructor(options: LocalHostOptions, log: BoundedLog, events: RuntimeEvents) {
    const { stateDir, programDir, other } = options;
    this.#options = options;
    this.#log = log;
    this.#demo = new DemoProcess(stateDir, join(programDir, 'demoModel.cjs'), log);
    const place = { stateDir, lettaPath: join(programDir, 'runtime', 'letta.js'), other };
    this.#supervisor = new Supervisor(
      {
        name: NAME,
        begin: (lifeEvents) => new RuntimeProcess(place, log, lifeEvents),
        backoffMs: (attempt) => BACKOFF_MS[attempt - 1] ?? null,
        gaveUp: (message) => [
          'runtimeGaveUp',
          `${NAME} ${message} four times within three minutes, so it is not started again by itself.`,
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

  async start(): Promise<void> {
    removeUnusedVersions(this.#options.programDir, this.#log);
    try {
      await formerRuntimeEnded(this.#options.stateDir);
    } catch (error) {
      this.#log.line(`the former runtime: ${String(error)}`);
    }
    if (!this.#isStopped) this.#supervisor.start();
  }

  send(json: string): boolean {
    return this.#supervisor.send(json);
  }

  restart(): Promise<void> {
    return this.#supervisor.restart();
  }

  attach(): Promise<void> {
    return Promise.reject(new Error('The runtime of this broker is a process of its own.'));
  }

  startDemo(): Promise<unknown> {
    return this.#demo.start();
  }

  stop(why: string): Promise<void> {
    this.#isStopped = true;
    this.#demo.stop();
    return this.#supervisor.stop(why);
  }
}

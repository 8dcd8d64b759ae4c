import { spawn } from 'node:child_process';
import { openSync, closeSync, watch, type FSWatcher } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_LOCK_HELD, parseServerFile, WIRE_VERSION, type ServerFile } from '../../broker/wire.ts';
import { LettaError } from '../../core/lettaConnection.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import { BrokerLink } from './brokerLink.ts';
import { cleanEnvironment } from './cleanEnvironment.ts';
import { requireGit } from './git.ts';
import { Program } from './program.ts';

/** From the call to a runtime that answers, with a cold disk. */
const CONNECT_LIMIT_MS = 20_000;
/** File watching misses events on some file systems, so the folder is also looked at this often. */
const LOOK_EVERY_MS = 100;
const RESPAWN_AFTER_MS = 1_000;
const START_FAILURES = 3;

export interface LocalRuntimeOptions {
  /** The extension's dist/: broker.cjs, demoModel.cjs, runtime/. */
  readonly assetsDir: string;
  /** A folder of this user, shared by all windows. */
  readonly stateDir: string;
  /** VS Code's own Node: `process.execPath` of the extension host. */
  readonly nodePath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** How long broker and runtime stay without windows and running turns. */
  readonly graceMs: number;
  /** A Letta Code of the person's own, run in place of the one that is carried. */
  readonly otherLetta?: { readonly path: string; readonly backendDir: string };
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Finds the broker of this user, or starts it. */
export class LocalRuntime {
  readonly #options: LocalRuntimeOptions;
  readonly #env: Record<string, string>;

  constructor(options: LocalRuntimeOptions) {
    this.#options = options;
    this.#env = cleanEnvironment(options.env);
  }

  /** Resolves to an open link. Rejects with a LettaError; calling again tries again, also where the runtime gave up. */
  async connect(signal: AbortSignal): Promise<BrokerLink> {
    const { assetsDir, stateDir, version, clock } = this.#options;
    await requireGit(this.#env, process.platform);
    const program = await Program.find(assetsDir, stateDir, version);
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const limit = new AbortController();
    const timer = clock.after(CONNECT_LIMIT_MS, () => {
      limit.abort();
    });
    try {
      return await this.#findOrStart(program, AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      if (!limit.signal.aborted || signal.aborted) throw error;
      throw new LettaError('timeout', 'Letta on this computer did not start in time.', { cause: error });
    } finally {
      timer.dispose();
    }
  }

  async #findOrStart(program: Program, signal: AbortSignal): Promise<BrokerLink> {
    const starter = new BrokerStarter(this.#options, this.#env, program);
    const changes = new FolderChanges(this.#options.stateDir, this.#options.clock);
    try {
      for (;;) {
        const link = await this.#tryLink(program, signal);
        if (link !== null) return link;
        await starter.ensureStarted();
        await changes.next();
        if (signal.aborted) throw new LettaError('connectionLost', 'Connecting to Letta was stopped.');
      }
    } finally {
      changes.dispose();
    }
  }

  /** Null: nobody serves (any more). */
  async #tryLink(program: Program, signal: AbortSignal): Promise<BrokerLink | null> {
    const server = await this.#readServerFile();
    if (server === null) return null;
    let link: BrokerLink;
    try {
      link = await BrokerLink.open(server, this.#options, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.logger.debug(`The broker in server.json does not serve: ${String(error)}`);
      return null;
    }
    try {
      if (link.hello.version !== program.version && (await this.#takesPlaceOf(link))) {
        link.dispose();
        return null;
      }
      if (link.hello.runtime === 'gaveUp') await link.command('restartRuntime');
      await untilOpen(link, signal);
      return link;
    } catch (error) {
      link.dispose();
      throw error;
    }
  }

  /** Another version's broker makes way when nobody needs it; else this window uses it. */
  async #takesPlaceOf(link: BrokerLink): Promise<boolean> {
    try {
      await link.command('handOver');
      return true;
    } catch (error) {
      if (error instanceof LettaError && error.reason === 'refused') {
        if (link.hello.wire === WIRE_VERSION) return false;
        throw new LettaError(
          'unreachable',
          'Another window uses an older version of Letta. Reload or close that window, then try again.',
          { cause: error },
        );
      }
      if (error instanceof LettaError && error.reason === 'connectionLost') return true;
      throw error;
    }
  }

  async #readServerFile(): Promise<ServerFile | null> {
    try {
      return parseServerFile(await readFile(join(this.#options.stateDir, 'server.json'), 'utf8'));
    } catch {
      // Not there, or not to be read: a broker is started, which writes it or says why it cannot.
      return null;
    }
  }
}

/** Starts the broker, and again when the one started gave way to another that then ended. */
class BrokerStarter {
  readonly #options: LocalRuntimeOptions;
  readonly #env: Record<string, string>;
  readonly #program: Program;
  #isRunning = false;
  #startedAt = -Infinity;
  #failures = 0;

  constructor(options: LocalRuntimeOptions, env: Record<string, string>, program: Program) {
    this.#options = options;
    this.#env = env;
    this.#program = program;
  }

  async ensureStarted(): Promise<void> {
    const { clock, logger, stateDir } = this.#options;
    if (this.#isRunning || clock.now() - this.#startedAt < RESPAWN_AFTER_MS) return;
    if (this.#failures >= START_FAILURES) {
      throw new LettaError(
        'unreachable',
        `Letta on this computer could not start. Its log: ${this.#logPath}`,
      );
    }
    this.#startedAt = clock.now();
    this.#isRunning = true;
    const brokerPath = await this.#program.install();
    await mkdir(join(stateDir, 'logs'), { recursive: true, mode: 0o700 });
    this.#spawn(brokerPath);
    logger.info('Starting Letta on this computer');
  }

  get #logPath(): string {
    return join(this.#options.stateDir, 'logs', 'broker-errors.log');
  }

  #spawn(brokerPath: string): void {
    const { stateDir, graceMs, nodePath, logger, otherLetta: other } = this.#options;
    const errors = openSync(this.#logPath, 'w', 0o600);
    const child = spawn(
      nodePath,
      [
        brokerPath,
        '--state-dir',
        stateDir,
        '--version',
        this.#program.version,
        '--grace-ms',
        String(graceMs),
        ...(other === undefined ? [] : ['--letta', other.path, '--backend-dir', other.backendDir]),
      ],
      {
        // Not in a folder that somebody may want to remove.
        cwd: stateDir,
        env: { ...this.#env, ELECTRON_RUN_AS_NODE: '1' },
        detached: true,
        windowsHide: true,
        stdio: ['ignore', 'ignore', errors],
      },
    );
    closeSync(errors);
    child.once('error', (error) => {
      logger.warn(`The broker could not be started: ${error.message}`);
      this.#isRunning = false;
      this.#failures++;
    });
    child.once('exit', (code) => {
      this.#isRunning = false;
      if (code !== EXIT_LOCK_HELD && code !== 0) this.#failures++;
    });
    child.unref();
  }
}

/** Wakes up when something in a folder changes, or after a while. */
class FolderChanges {
  readonly #clock: Clock;
  readonly #watcher: FSWatcher | null;
  #wake: () => void = () => undefined;

  constructor(folder: string, clock: Clock) {
    this.#clock = clock;
    this.#watcher = this.#watch(folder);
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(LOOK_EVERY_MS, resolve);
      this.#wake = () => {
        timer.dispose();
        resolve();
      };
    });
  }

  dispose(): void {
    this.#watcher?.close();
    this.#wake();
  }

  /** Null where the system has no watch to give: the regular look is enough. */
  #watch(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#wake();
      });
      watcher.on('error', () => {
        watcher.close();
      });
      return watcher;
    } catch {
      return null;
    }
  }
}

function untilOpen(link: BrokerLink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new LettaError('timeout', 'Letta on this computer did not start in time.'));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    link.whenOpen().then(resolve, reject);
  });
}

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { openSync, closeSync, watch, type FSWatcher } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_LOCK_HELD, parseServerFile, WIRE_VERSION, type ServerFile } from '../../shared/wire.ts';
import { LettaError } from '../../core/lettaConnection.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import { BrokerLink, type LinkLimits } from './brokerLink.ts';
import { cleanEnvironment } from './cleanEnvironment.ts';
import { requireGit } from './git.ts';
import { Program } from './program.ts';

/** From the call to a runtime that answers, with a cold disk. */
const CONNECT_LIMIT_MS = 20_000;
/** All tries of the broker to reach a server elsewhere. */
const REMOTE_LIMIT_MS = 60_000;
/**
 * The broker lives long and does little. Without compiled code it needs 12 MB less, with a small young generation 10, and
 * 3 without Node's own snapshot; only where this Node knows the option, because an unknown one ends it.
 */
const SMALL = ['--jitless', '--max-semi-space-size=1', '--no-node-snapshot'].filter((option) =>
  process.allowedNodeEnvironmentFlags.has(option.replace(/=.*/, '')),
);
const APPROVAL_GRACE_MS = 12 * 60 * 60_000;
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
  /** How long where a turn waits for an approval; 12 hours by default. */
  readonly approvalGraceMs?: number;
  /** A Letta Code of the person's own, run in place of the one that is carried. */
  readonly otherLetta?: { readonly path: string; readonly backendDir: string };
  readonly limits?: LinkLimits;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One of the brokers of a person: each has a folder of its own. */
interface BrokerKind {
  readonly stateDir: string;
  readonly args: readonly string[];
  /** What a window says to it before it waits for the runtime. */
  readonly prepare: (link: BrokerLink) => Promise<unknown>;
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
    await requireGit(this.#env, process.platform);
    const { stateDir, otherLetta: other } = this.#options;
    const kind: BrokerKind = {
      stateDir,
      args: other === undefined ? [] : ['--letta', other.path, '--backend-dir', other.backendDir],
      prepare: async (link) => {
        if (link.hello.runtime === 'gaveUp') await link.command({ type: 'restartRuntime' });
      },
    };
    return this.#link(kind, CONNECT_LIMIT_MS, signal);
  }

  /**
   * A link to an App Server that somebody else runs, through a broker of its own. `token`: '' where it wants none; it is
   * handed to the broker over its socket and kept nowhere else. Rejects with 'unauthorised' or 'unreachable' by reason.
   */
  async connectTo(url: string, token: string, signal: AbortSignal): Promise<BrokerLink> {
    if (!URL.canParse(url))
      throw new LettaError('unreachable', 'The address of the Letta server is not a URL.');
    const target = new URL(url);
    target.protocol = target.protocol.replace(/^http/, 'ws');
    const kind: BrokerKind = {
      stateDir: folderFor(this.#options.stateDir, 'remote', target.origin),
      args: ['--remote'],
      prepare: (link) => link.command({ type: 'attach', url: target.href, token }),
    };
    return this.#link(kind, REMOTE_LIMIT_MS, signal);
  }

  async #link(kind: BrokerKind, limitMs: number, signal: AbortSignal): Promise<BrokerLink> {
    const { assetsDir, stateDir, version, clock } = this.#options;
    const program = await Program.find(assetsDir, stateDir, version);
    await mkdir(kind.stateDir, { recursive: true, mode: 0o700 });
    const limit = new AbortController();
    const timer = clock.after(limitMs, () => {
      limit.abort();
    });
    try {
      return await this.#findOrStart(kind, program, AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      if (!limit.signal.aborted || signal.aborted) throw error;
      throw new LettaError('timeout', 'Letta did not start in time.', { cause: error });
    } finally {
      timer.dispose();
    }
  }

  async #findOrStart(kind: BrokerKind, program: Program, signal: AbortSignal): Promise<BrokerLink> {
    const starter = new BrokerStarter(this.#options, this.#env, kind, program);
    const changes = new FolderChanges(kind.stateDir, this.#options.clock);
    try {
      for (;;) {
        const link = await this.#tryLink(kind, program, signal);
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
  async #tryLink(kind: BrokerKind, program: Program, signal: AbortSignal): Promise<BrokerLink | null> {
    const server = await readServerFile(kind.stateDir);
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
      await kind.prepare(link);
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
      await link.command({ type: 'handOver' });
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
}

async function readServerFile(stateDir: string): Promise<ServerFile | null> {
  try {
    return parseServerFile(await readFile(join(stateDir, 'server.json'), 'utf8'));
  } catch {
    // Not there, or not to be read: a broker is started, which writes it or says why it cannot.
    return null;
  }
}

function folderFor(stateDir: string, kind: string, name: string): string {
  return join(stateDir, kind, createHash('sha256').update(name).digest('hex').slice(0, 16));
}

/** Starts the broker, and again when the one started gave way to another that then ended. */
class BrokerStarter {
  readonly #options: LocalRuntimeOptions;
  readonly #env: Record<string, string>;
  readonly #kind: BrokerKind;
  readonly #program: Program;
  #isRunning = false;
  #startedAt = -Infinity;
  #failures = 0;

  constructor(options: LocalRuntimeOptions, env: Record<string, string>, kind: BrokerKind, program: Program) {
    this.#options = options;
    this.#env = env;
    this.#kind = kind;
    this.#program = program;
  }

  async ensureStarted(): Promise<void> {
    const { clock, logger } = this.#options;
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
    await mkdir(join(this.#kind.stateDir, 'logs'), { recursive: true, mode: 0o700 });
    this.#spawn(brokerPath);
    logger.info('Starting Letta on this computer');
  }

  get #logPath(): string {
    return join(this.#kind.stateDir, 'logs', 'broker-errors.log');
  }

  #spawn(brokerPath: string): void {
    const { graceMs, approvalGraceMs = APPROVAL_GRACE_MS, nodePath, logger } = this.#options;
    const { stateDir, args } = this.#kind;
    const errors = openSync(this.#logPath, 'w', 0o600);
    const child = spawn(
      nodePath,
      [
        ...SMALL,
        brokerPath,
        '--state-dir',
        stateDir,
        '--version',
        this.#program.version,
        '--grace-ms',
        String(graceMs),
        '--approval-grace-ms',
        String(approvalGraceMs),
        ...args,
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

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { WebSocket } from 'ws';
import { BoundedLog } from './boundedLog.ts';
import { DemoProcess } from './demoProcess.ts';
import { Lock } from './lock.ts';
import { Relay } from './relay.ts';
import { formerRuntimeEnded } from './formerRuntime.ts';
import { Supervisor } from './supervisor.ts';
import { WindowServer } from './windowServer.ts';
import {
  parseWindowMessage,
  WIRE_VERSION,
  type BrokerCommand,
  type BrokerNotice,
  type ServerFile,
} from './wire.ts';

const STILL_OURS_EVERY_MS = 3_000;

export interface BrokerOptions {
  readonly stateDir: string;
  /** Holds this program, demoModel.cjs and runtime/: `<stateDir>/versions/<version>`. */
  readonly programDir: string;
  readonly version: string;
  /** How long it stays without windows and running turns. */
  readonly graceMs: number;
}

/** Owns the runtime for all windows of a person; outlives each of them. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #log: BoundedLog;
  readonly #token = randomBytes(32).toString('hex');
  readonly #server: WindowServer;
  readonly #relay: Relay;
  readonly #supervisor: Supervisor;
  readonly #demo: DemoProcess;
  #lock: Lock | null = null;
  #grace: NodeJS.Timeout | undefined;
  #ending: Promise<void> | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    const logs = join(options.stateDir, 'logs');
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    this.#log = new BoundedLog(join(logs, 'runtime.log'));
    this.#server = new WindowServer(this.#token, (socket) => {
      this.#onWindow(socket);
    });
    const upstream = { send: (json: string) => this.#supervisor.send(json) };
    this.#relay = new Relay(upstream, () => {
      this.#onIdleChange();
    });
    this.#demo = new DemoProcess(options.stateDir, join(options.programDir, 'demoModel.cjs'), this.#log);
    this.#supervisor = new Supervisor(
      options.stateDir,
      join(options.programDir, 'runtime', 'letta.js'),
      this.#log,
      {
        onUp: (epoch) => {
          this.#relay.beginEpoch(epoch);
          this.#relay.notifyAll({ type: 'runtimeUp', epoch });
        },
        onFrame: (json) => {
          this.#relay.fromRuntime(json);
        },
        onDown: (attempt, message) => {
          this.#relay.endEpoch(message);
          this.#relay.notifyAll({ type: 'runtimeDown', attempt, message });
        },
        onGaveUp: (message) => {
          this.#relay.endEpoch(message);
          this.#relay.notifyAll({ type: 'gaveUp', message, log: this.#log.path });
        },
      },
    );
  }

  /** False: another broker serves this state folder. */
  async start(): Promise<boolean> {
    const { stateDir, version } = this.#options;
    const port = await this.#server.listen();
    const file: ServerFile = { port, pid: process.pid, token: this.#token, version };
    const lock = new Lock(stateDir, file);
    if (!(await lock.take())) {
      this.#server.close();
      return false;
    }
    this.#lock = lock;
    this.#log.line(`broker ${String(process.pid)} of ${version} serves on port ${String(port)}`);
    const draft = join(stateDir, 'server.json.draft');
    writeFileSync(draft, JSON.stringify(file), { mode: 0o600 });
    renameSync(draft, join(stateDir, 'server.json'));
    void this.#startRuntime();
    this.#removeOldVersions();
    this.#onIdleChange();
    setInterval(() => {
      if (!lock.isHeld()) void this.end('the lock is gone');
    }, STILL_OURS_EVERY_MS).unref();
    return true;
  }

  async #startRuntime(): Promise<void> {
    try {
      await formerRuntimeEnded(this.#options.stateDir);
    } catch (error) {
      this.#log.line(`the former runtime: ${String(error)}`);
    }
    if (this.#ending === null) this.#supervisor.start();
  }

  /** Ends the runtime, then this process. */
  end(why: string): Promise<void> {
    this.#ending ??= this.#end(why);
    return this.#ending;
  }

  async #end(why: string): Promise<void> {
    this.#log.line(`broker ends: ${why}`);
    clearTimeout(this.#grace);
    // First, so that no window finds us any more. After a takeover it is another broker's.
    if (this.#lock?.isHeld() === true) rmSync(join(this.#options.stateDir, 'server.json'), { force: true });
    this.#demo.stop();
    await this.#supervisor.stop(why);
    this.#server.close();
    this.#lock?.release();
    process.exit(0);
  }

  #onWindow(socket: WebSocket): void {
    const id = this.#relay.add(socket);
    const { epoch, state } = this.#supervisor;
    const { version } = this.#options;
    this.#relay.notify(id, { type: 'hello', wire: WIRE_VERSION, version, epoch, runtime: state });
    socket.on('error', (error) => {
      this.#log.line(`window ${String(id)}: ${error.message}`);
    });
    socket.on('close', () => {
      this.#relay.remove(id);
    });
    socket.on('message', (data: Buffer) => {
      const message = parseWindowMessage(data.toString('utf8'));
      if (message === null) {
        this.#log.line(`window ${String(id)}: a message that is not understood`);
      } else if ('frame' in message) {
        this.#relay.fromWindow(id, message.frame, message.since);
      } else {
        void this.#obey(id, message.broker);
      }
    });
  }

  async #obey(windowId: number, command: BrokerCommand): Promise<void> {
    let notice: BrokerNotice;
    try {
      notice = { type: 'reply', id: command.id, ok: true, value: await this.#do(command) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.line(`${command.type}: ${message}`);
      notice = { type: 'reply', id: command.id, ok: false, message };
    }
    this.#relay.notify(windowId, notice);
    if (notice.ok && (command.type === 'shutdown' || command.type === 'handOver'))
      await this.end(command.type);
  }

  async #do(command: BrokerCommand): Promise<unknown> {
    switch (command.type) {
      case 'startDemo':
        return this.#demo.start();
      case 'restartRuntime':
        await this.#supervisor.restart();
        return null;
      case 'shutdown':
        return null;
      case 'handOver':
        if (this.#relay.windowCount > 1 || this.#relay.isBusy)
          throw new Error('Other windows or turns need this one.');
        return null;
    }
  }

  #onIdleChange(): void {
    clearTimeout(this.#grace);
    if (this.#ending !== null || this.#relay.windowCount > 0 || this.#relay.isBusy) return;
    this.#grace = setTimeout(() => {
      void this.end('no window and no running turn');
    }, this.#options.graceMs);
  }

  #removeOldVersions(): void {
    const versions = dirname(this.#options.programDir);
    for (const name of readdirSync(versions)) {
      if (name === basename(this.#options.programDir)) continue;
      rmSync(join(versions, name), { recursive: true, force: true, maxRetries: 2 });
    }
  }
}

import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WebSocket } from 'ws';
import type { BoundedLog } from '../runtimeHost/boundedLog.ts';
import type { RuntimeEvents, RuntimeHost } from '../runtimeHost/runtimeHost.ts';
import { parseWindowMessage, WIRE_VERSION } from '../shared/wire.ts';
import type { BrokerCommand, BrokerNotice, ServerFile } from '../shared/wire.ts';
import { Lock } from '../runtimeHost/lock.ts';
import { Relay } from './relay.ts';
import { Tally } from '../runtimeHost/tally.ts';
import { WindowServer } from './windowServer.ts';

const STILL_OURS_EVERY_MS = 3_000;

export interface BrokerOptions {
  readonly stateDir: string;
  readonly version: string;
  /** How long it stays without windows and running turns. */
  readonly graceMs: number;
  /** How long without windows where a turn waits for a person. */
  readonly approvalGraceMs: number;
  readonly log: BoundedLog;
}

/** Owns the runtime for all windows of a person; outlives each of them. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #log: BoundedLog;
  readonly #token = randomBytes(32).toString('hex');
  readonly #server: WindowServer;
  readonly #relay: Relay;
  readonly #host: RuntimeHost;
  #lock: Lock | null = null;
  #grace: NodeJS.Timeout | undefined;
  #ending: Promise<void> | null = null;

  constructor(options: BrokerOptions, makeHost: (events: RuntimeEvents) => RuntimeHost) {
    this.#options = options;
    this.#log = options.log;
    this.#server = new WindowServer(this.#token, (socket) => {
      this.#onWindow(socket);
    });
    this.#relay = new Relay(
      (json) => this.#host.send(json),
      () => {
        this.#onIdleChange();
      },
      options.log,
    );
    this.#host = makeHost(this.#relay);
  }

  /** False: another broker serves this state folder. */
  async start(): Promise<boolean> {
    const { stateDir, version } = this.#options;
    const port = await this.#server.listen();
    const file: ServerFile = { port, pid: process.pid, token: this.#token, version };
    const lock = new Lock(stateDir, file);
    if (!(await lock.take())) return false;
    this.#lock = lock;
    this.#log.line(`broker ${String(process.pid)} of ${version} serves on port ${String(port)}`);
    const draft = join(stateDir, 'server.json.draft');
    writeFileSync(draft, JSON.stringify(file), { mode: 0o600 });
    renameSync(draft, join(stateDir, 'server.json'));
    void this.#host.start();
    this.#onIdleChange();
    setInterval(() => {
      if (!lock.isHeld()) void this.end('the lock is gone');
    }, STILL_OURS_EVERY_MS).unref();
    return true;
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
    await this.#host.stop(why);
    this.#server.close();
    this.#lock?.release();
    process.exit(0);
  }

  #onWindow(socket: WebSocket): void {
    const id = this.#relay.add(socket);
    const { epoch, state: runtime } = this.#host;
    const { version } = this.#options;
    this.#relay.greet(id, { type: 'hello', wire: WIRE_VERSION, version, epoch, runtime });
    const unreadable = new Tally((count) => {
      this.#log.line(`window ${String(id)}: ${String(count)} messages were not understood`);
    });
    socket.on('error', (error) => {
      this.#log.line(`window ${String(id)}: ${error.message}`);
    });
    socket.on('close', () => {
      this.#relay.remove(id);
    });
    socket.on('message', (data: Buffer, isBinary) => {
      const message = isBinary ? null : parseWindowMessage(data.toString('utf8'));
      if (message === null) unreadable.add();
      else if ('frame' in message) this.#relay.fromWindow(id, message.frame, message.since);
      else void this.#obey(id, message.broker);
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
        return this.#host.startDemo();
      case 'restartRuntime':
        return this.#host.restart();
      case 'attach':
        return this.#host.attach(command.url, command.token);
      case 'handOver':
        if (this.#relay.windowCount > 1 || this.#relay.work !== 'none')
          throw new Error('Other windows or turns need this one.');
        return null;
      case 'shutdown':
        return null;
    }
  }

  #onIdleChange(): void {
    clearTimeout(this.#grace);
    const { windowCount, work } = this.#relay;
    if (this.#ending !== null || windowCount > 0 || work === 'running') return;
    const { graceMs, approvalGraceMs } = this.#options;
    const end = (): void => void this.end('no window and no running turn');
    this.#grace = setTimeout(end, work === 'waiting' ? approvalGraceMs : graceMs);
  }
}

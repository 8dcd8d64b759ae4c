import { fork, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { noMask } from '../shared/wire.ts';
import type { BoundedLog } from './boundedLog.ts';
import { forgetRuntime, noteRuntime } from './formerRuntime.ts';
import { listenForFrames, MAX_PAYLOAD_BYTES } from './listenForFrames.ts';
import { otherEnvironment, runtimeEnvironment, type RuntimePlace } from './runtimeEnvironment.ts';
import type { RuntimeLife, RuntimeLifeEvents } from './runtimeHost.ts';

const START_LIMIT_MS = 30_000;
const TERM_LIMIT_MS = 3_000;
const LISTENING = /Listening on ws:\/\/[^\s:]+:(\d+)/;

/** One life of the App Server: its process, and the broker's socket to it, which is the only client it has. */
export class RuntimeProcess implements RuntimeLife {
  readonly #child: ChildProcess;
  readonly #stateDir: string;
  readonly #log: BoundedLog;
  readonly #events: RuntimeLifeEvents;
  readonly #token = randomBytes(32).toString('hex');
  readonly #tokenPath: string;
  readonly #startLimit: NodeJS.Timeout;
  readonly #ended: Promise<void>;
  #isStopping = false;
  #output = '';
  #socket: WebSocket | null = null;

  constructor(place: RuntimePlace, log: BoundedLog, events: RuntimeLifeEvents) {
    const { stateDir, lettaPath, other } = place;
    this.#log = log;
    this.#events = events;
    this.#tokenPath = join(stateDir, 'runtime-token');
    writeFileSync(this.#tokenPath, this.#token, { mode: 0o600 });
    const args = [
      ...`server --backend local --listen ws://127.0.0.1:0`.split(' '),
      '--ws-auth',
      'capability-token',
      '--ws-token-file',
      this.#tokenPath,
    ];
    this.#child =
      other === null
        ? fork(process.argv[1] ?? '', ['--runtime', lettaPath, ...args], {
            cwd: stateDir,
            env: runtimeEnvironment(place),
            execArgv: [],
            silent: true,
          })
        : spawn(other.path, args, {
            cwd: stateDir,
            env: otherEnvironment(other),
            stdio: ['ignore', 'pipe', 'pipe'],
            windowsHide: true,
          });
    log.line(`runtime ${String(this.#child.pid)} started`);
    if (this.#child.pid !== undefined) noteRuntime(stateDir, this.#child.pid);
    this.#stateDir = stateDir;
    this.#startLimit = setTimeout(() => {
      this.kill(`did not listen within ${String(START_LIMIT_MS / 1000)} s`);
    }, START_LIMIT_MS);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#onOutput(text);
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) this.#onEnd(`could not start: ${error.message}`, resolve);
        else log.line(`runtime: ${error.message}`);
      });
      this.#child.once('exit', (code, signal) => {
        this.#onEnd(`ended (${signal ?? `exit code ${String(code)}`})`, resolve);
      });
    });
  }

  /** False when there is no socket to it. */
  send(json: string): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(json);
    return true;
  }

  kill(why: string): void {
    this.#log.line(`runtime killed: ${why}`);
    this.#child.kill('SIGKILL');
  }

  /** Asks it to end, then makes it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const limit = setTimeout(() => {
      this.kill('did not end when asked');
    }, TERM_LIMIT_MS);
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(limit);
  }

  #onOutput(text: string): void {
    this.#log.write(text);
    if (this.#socket !== null) return;
    this.#output = (this.#output + text).slice(-4096);
    const port = LISTENING.exec(this.#output)?.[1];
    // The address may come in two pieces; a port is complete when something follows it.
    if (port !== undefined && !this.#output.endsWith(port)) this.#connect(port);
  }

  #connect(port: string): void {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      headers: { Authorization: `Bearer ${this.#token}` },
      handshakeTimeout: START_LIMIT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      generateMask: noMask,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('open', () => {
      clearTimeout(this.#startLimit);
      this.#events.onUp();
    });
    listenForFrames(socket, this.#events);
    socket.on('error', (error) => {
      this.#log.line(`socket to the runtime: ${error.message}`);
    });
    // Its turns were cancelled with the socket: a new life is the one way that leaves nothing half done.
    socket.on('close', () => {
      if (!this.#isStopping && this.#child.exitCode === null && this.#child.signalCode === null)
        this.kill('its socket closed');
    });
  }

  #onEnd(message: string, resolve: () => void): void {
    clearTimeout(this.#startLimit);
    this.#socket?.terminate();
    rmSync(this.#tokenPath, { force: true });
    forgetRuntime(this.#stateDir);
    this.#log.line(`runtime ${message}`);
    resolve();
    this.#events.onEnd(message);
  }
}

import { WebSocket } from 'ws';
import { PING_EVERY_MS } from '../shared/wire.ts';
import type { BoundedLog } from './boundedLog.ts';
import { keepAlive } from './keepAlive.ts';
import { listenForFrames, MAX_PAYLOAD_BYTES } from './listenForFrames.ts';
import type { RuntimeLife, RuntimeLifeEvents } from './runtimeHost.ts';
import { codeOf } from './runningProcess.ts';

const HANDSHAKE_LIMIT_MS = 10_000;
/** Noticed by the second ping that is not answered: within 45 s. */
const SILENCE_LIMIT_MS = 2 * PING_EVERY_MS - 2_000;

export interface RemoteTarget {
  readonly url: string;
  /** '': the server wants none. */
  readonly token: string;
}

/** One connection to an App Server that somebody else runs: its turns live as long as this does. */
export class RemoteRuntime implements RuntimeLife {
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;

  constructor({ url, token }: RemoteTarget, log: BoundedLog, events: RuntimeLifeEvents) {
    // An address may carry secrets, so no message names it, and what `ws` says of a wrong one is not passed on.
    if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol))
      throw new Error('has no ws:// or wss:// address');
    let message = 'closed the connection';
    let isFinal = false;
    this.#socket = new WebSocket(url, {
      headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      log.line('connected to the server');
      keepAlive(this.#socket, SILENCE_LIMIT_MS);
      events.onUp();
    });
    listenForFrames(this.#socket, events);
    this.#socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      isFinal = statusCode === 401 || statusCode === 403;
      message = isFinal ? 'refused the token' : `answered with HTTP ${String(statusCode)}`;
      this.#socket.terminate();
    });
    this.#socket.on('error', (error) => {
      log.line(`socket to the server: ${codeOf(error) ?? error.name}`);
      if (message === 'closed the connection')
        message = `cannot be reached (${codeOf(error) ?? 'no answer'})`;
    });
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        resolve();
        events.onEnd(message, isFinal);
      });
    });
  }

  send(json: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(json);
    return true;
  }

  stop(): Promise<void> {
    this.#socket.terminate();
    return this.#closed;
  }
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { MAX_FRAME_BYTES, PING_EVERY_MS, SILENCE_LIMIT_MS } from './wire.ts';

/**
 * The loopback door for windows. Who may enter holds the token of a 0600 file. A browser is never let in: it names its
 * page in `Origin`, and a rebound DNS name stands in `Host`.
 */
export class WindowServer {
  readonly #token: string;
  readonly #onWindow: (socket: WebSocket) => void;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });

  constructor(token: string, onWindow: (socket: WebSocket) => void) {
    this.#token = token;
    this.#onWindow = onWindow;
    this.#server = createServer((request, response) => {
      const refusal = this.#refusal(request);
      const isKnown = request.method === 'GET' && request.url === '/identity';
      response.statusCode = refusal ?? (isKnown ? 200 : 404);
      response.end(response.statusCode === 200 ? String(process.pid) : '');
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#onUpgrade(request, socket, head);
    });
  }

  /** Resolves to the port, a free one. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        resolve(this.#port);
      });
    });
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.close(1001);
    this.#server.close();
  }

  get #port(): number {
    // Of a TCP server, so neither null nor a path while it listens.
    return (this.#server.address() as AddressInfo).port;
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {
      socket.destroy();
    });
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${String(refusal)} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (window) => {
      watch(window);
      this.#onWindow(window);
    });
  }

  /** The HTTP status to refuse with; null lets in. */
  #refusal(request: IncomingMessage): number | null {
    if (request.headers.origin !== undefined) return 403;
    if (request.headers.host !== `127.0.0.1:${String(this.#port)}`) return 403;
    const given = digest(request.headers.authorization ?? '');
    return timingSafeEqual(given, digest(`Bearer ${this.#token}`)) ? null : 401;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Ends a window's socket that has gone silent (a laptop that slept, a stopped process). */
function watch(socket: WebSocket): void {
  let lastHeardAt = performance.now();
  const heard = (): void => {
    lastHeardAt = performance.now();
  };
  socket.on('pong', heard).on('ping', heard).on('message', heard);
  const timer = setInterval(() => {
    if (performance.now() - lastHeardAt > SILENCE_LIMIT_MS) socket.terminate();
    else socket.ping();
  }, PING_EVERY_MS);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { keepAlive } from '../runtimeHost/keepAlive.ts';
import { MAX_FRAME_BYTES, SILENCE_LIMIT_MS } from '../shared/wire.ts';

/**
 * The loopback door for windows. Who may enter holds the token of a 0600 file. A browser is never let in: it names its
 * page in `Origin`, and a rebound DNS name stands in `Host`.
 */
export class WindowServer {
  readonly #token: Buffer;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  constructor(token: string, onWindow: (socket: WebSocket) => void) {
    this.#token = digest(`Bearer ${token}`);
    this.#server = createServer((request, response) => {
      const isKnown = request.method === 'GET' && request.url === '/identity';
      response.statusCode = this.#refusal(request) ?? (isKnown ? 200 : 404);
      response.end(response.statusCode === 200 ? String(process.pid) : '');
    });
    this.#sockets = new WebSocketServer({
      server: this.#server,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      verifyClient: ({ req }, done) => {
        const refusal = this.#refusal(req);
        done(refusal === null, refusal ?? undefined);
      },
    });
    this.#sockets.on('connection', (socket) => {
      keepAlive(socket, SILENCE_LIMIT_MS);
      onWindow(socket);
    });
  }

  /** Resolves to the port, a free one. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.#port;
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.close(1001);
    this.#server.close();
  }

  get #port(): number {
    // Of a TCP server, so neither null nor a path while it listens.
    return (this.#server.address() as AddressInfo).port;
  }

  /** The HTTP status to refuse with; null lets in. */
  #refusal({ headers }: IncomingMessage): number | null {
    if (headers.origin !== undefined || headers.host !== `127.0.0.1:${String(this.#port)}`) return 403;
    return timingSafeEqual(digest(headers.authorization ?? ''), this.#token) ? null : 401;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

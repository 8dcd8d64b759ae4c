import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The way between windows and the broker: it can be cut, or swallow all that is said. */
export class MatrixProxy {
  readonly #server: Server;
  readonly #port: () => number;
  readonly #open = new Set<Socket>();
  readonly #all = new Set<Socket>();
  #swallows = false;

  /** `port`: of the broker now. */
  constructor(port: () => number) {
    this.#port = port;
    this.#server = createServer((window) => {
      this.#onWindow(window);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port; // of a TCP server that listens
  }

  /** Resolves when a window knocks. */
  async nextWindow(): Promise<void> {
    await once(this.#server, 'connection');
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#all) socket.destroy();
  }

  /** Connections that are open now hear nothing more, and nobody hears them; also new ones, until `heal`. */
  swallow(): void {
    this.#open.clear();
    this.#swallows = true;
  }

  /** New connections go through again. */
  heal(): void {
    this.#swallows = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #onWindow(window: Socket): void {
    const isLost = this.#swallows;
    this.#track(window);
    if (isLost) {
      window.resume();
      return;
    }
    const port = this.#port();
    const broker = connect(port, '127.0.0.1');
    this.#track(broker);
    this.#open.add(window);
    // The broker wants its own port in `Host`; the head of a request comes in one piece.
    window.once('data', (head: Buffer) => {
      const host = `Host: 127.0.0.1:${String(port)}`;
      broker.write(head.toString('latin1').replace(/^Host: .*$/im, host), 'latin1');
      window.on('data', (data: Buffer) => {
        if (this.#open.has(window)) broker.write(data);
      });
    });
    broker.on('data', (data: Buffer) => {
      if (this.#open.has(window)) window.write(data);
    });
    // An end is not heard through a network that is gone either.
    window.on('close', () => {
      if (this.#open.delete(window)) broker.destroy();
    });
    broker.on('close', () => {
      if (this.#open.delete(window)) window.destroy();
    });
  }

  #track(socket: Socket): void {
    this.#all.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#all.delete(socket));
  }
}

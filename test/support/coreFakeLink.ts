import { LettaError } from '../../src/core/lettaConnection.ts';
import type { Disposable } from '../../src/core/ports.ts';
import type { Frame, FrameLink, LinkState, ReceivedFrame } from '../../src/server/appServer/frameLink.ts';

/** A link whose other end is the test: what is sent is kept, and what is received is said by the test. */
export class FakeLink implements FrameLink {
  readonly sent: Frame[] = [];
  isDisposed = false;
  /** When the next frame comes. */
  now = 1_000_000;
  state: LinkState = { kind: 'open', epoch: 'e1' };
  #seq = 0;
  readonly #stateListeners = new Set<(state: LinkState) => void>();
  readonly #frameListeners = new Set<(received: ReceivedFrame) => void>();
  readonly #unreadableListeners = new Set<(count: number) => void>();
  /** Answers a sent frame at once; the test may replace it. */
  respond: (frame: Frame) => readonly Frame[] = () => [];

  readonly onDidChangeState = (listener: (state: LinkState) => void): Disposable => {
    this.#stateListeners.add(listener);
    return { dispose: () => this.#stateListeners.delete(listener) };
  };

  readonly onDidReceive = (listener: (received: ReceivedFrame) => void): Disposable => {
    this.#frameListeners.add(listener);
    return { dispose: () => this.#frameListeners.delete(listener) };
  };

  readonly onDidFindUnreadable = (listener: (count: number) => void): Disposable => {
    this.#unreadableListeners.add(listener);
    return { dispose: () => this.#unreadableListeners.delete(listener) };
  };

  findUnreadable(count: number): void {
    for (const listener of [...this.#unreadableListeners]) listener(count);
  }

  readonly working = [];
  readonly onDidChangeWorking = (): Disposable => ({ dispose: () => undefined });

  send(frame: Frame): void {
    if (this.state.kind !== 'open')
      throw new LettaError('connectionLost', 'The connection to Letta was lost.');
    this.sent.push(frame);
    for (const reply of this.respond(frame)) this.receive(reply);
  }

  receive(frame: Frame): ReceivedFrame {
    this.#seq++;
    const epoch = this.state.kind === 'open' ? this.state.epoch : 'e1';
    const received = { frame, epoch, seq: this.#seq, at: this.now };
    this.redeliver(received);
    return received;
  }

  redeliver(received: ReceivedFrame): void {
    for (const listener of [...this.#frameListeners]) listener(received);
  }

  change(state: LinkState): void {
    this.state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  get listenerCount(): number {
    return this.#stateListeners.size + this.#frameListeners.size + this.#unreadableListeners.size;
  }

  dispose(): void {
    this.isDisposed = true;
  }

  last(type: string): Frame {
    const frame = this.sent.findLast((other) => other['type'] === type);
    if (frame === undefined) throw new Error(`no ${type} was sent`);
    return frame;
  }

  types(): readonly unknown[] {
    return this.sent.map((frame) => frame['type']);
  }
}

/** What core needs of the world. Adapters live in `server` and `host`; tests bring working fakes. */

export interface Disposable {
  dispose(): void;
}

/** Subscribes; dispose the result to end it. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once after `delayMs`, unless disposed before. */
  after(delayMs: number, callback: () => void): Disposable;
}

/** Levels: trace = frames, debug = transitions, info = lifecycle, warn = recovered, error = user-visible. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
}

import type { GaveUpReason, RuntimeState } from '../shared/wire.ts';

/** What the broker hears of the runtime it passes frames to. */
export interface RuntimeEvents {
  onUp(epoch: string): void;
  onFrame(json: string): void;
  /** A frame that is no text, or too large for a window. */
  onUnreadable(): void;
  onDown(attempt: number, message: string): void;
  onGaveUp(reason: GaveUpReason, message: string, log: string): void;
}

/** The runtime as the broker sees it, whether it runs below this process or elsewhere. */
export interface RuntimeHost {
  readonly state: RuntimeState;
  /** Another one for each life of the runtime. */
  readonly epoch: string;
  start(): Promise<void>;
  /** False when the runtime cannot take it now. */
  send(json: string): boolean;
  /** A person asked: the count of tries begins anew. */
  restart(): Promise<void>;
  /** Where a server elsewhere is. */
  attach(url: string, token: string): Promise<void>;
  startDemo(): Promise<unknown>;
  stop(why: string): Promise<void>;
}

/** One life of a runtime, from its start to its end. */
export interface RuntimeLife {
  send(json: string): boolean;
  /** Resolves when it is over. */
  stop(): Promise<void>;
}

export interface RuntimeLifeEvents {
  readonly onUp: () => void;
  readonly onFrame: (json: string) => void;
  readonly onUnreadable: () => void;
  /** Once, when it is over. `isFinal`: trying again would not help. */
  readonly onEnd: (message: string, isFinal?: boolean) => void;
}

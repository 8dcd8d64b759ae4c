import type { ConversationRef, LettaError } from '../../core/lettaConnection.ts';
import type { Event } from '../../core/ports.ts';

/** One JSON object of the App Server protocol (PROTOCOL part b), unchecked. */
export type Frame = Readonly<Record<string, unknown>>;

export interface ReceivedFrame {
  readonly frame: Frame;
  /** The runtime process the frame came from (changes with every restart): run ids and event numbers count within it. */
  readonly epoch: string;
  /** The broker's own number, growing by 1 per frame of the epoch; frames for other windows leave gaps. */
  readonly seq: number;
  /** When it came, epoch ms; a frame that is delivered again comes with its first time. */
  readonly at: number;
}

export type LinkState =
  | { readonly kind: 'open'; readonly epoch: string }
  /** The runtime ended and is started again (attempt of at most 3 in 3 minutes). */
  | { readonly kind: 'restarting'; readonly attempt: number; readonly message: string }
  /** For good: make a new link. */
  | { readonly kind: 'closed'; readonly error: LettaError };

/** A window's way to one App Server, through the broker. */
export interface FrameLink {
  readonly state: LinkState;
  readonly onDidChangeState: Event<LinkState>;
  readonly onDidReceive: Event<ReceivedFrame>;
  /** Conversations that the server works on, shown in a window or not. */
  readonly working: readonly ConversationRef[];
  readonly onDidChangeWorking: Event<readonly ConversationRef[]>;
  /** So many frames in all could not be read on the way. */
  readonly onDidFindUnreadable: Event<number>;
  /**
   * Throws LettaError('connectionLost') unless open; never drops silently. Before the answer to a `runtime_start` the
   * broker delivers the frames of the newest turn again, numbered as they were: all of them, or those after `since`,
   * which is for a caller whose fold holds everything up to there.
   */
  send(frame: Frame, since?: Pick<ReceivedFrame, 'epoch' | 'seq'>): void;
  dispose(): void;
}

import type { PermissionMode } from '../shared/panel.ts';
import type { FailureReason, FileDiff, MemoryChange, SentAttachment } from '../shared/transcript.ts';
import type { JournalRecord } from './journal.ts';

/**
 * The one vocabulary that both servers are translated into (PROTOCOL part c), plus what the person did. A log of
 * these folds to a transcript: the fold knows nothing else.
 */
export interface StampedEvent {
  readonly event: LettaEvent;
  /** Epoch ms (for a recording: ms since its start). */
  readonly at: number;
  /**
   * The connection the event came over and its number on it, growing by at least 1; an event whose ordinal is not
   * greater than the last one of its source was delivered again and changes nothing. Null: made on this side.
   */
  readonly stamp: { readonly source: string; readonly ordinal: number } | null;
}

export type LettaEvent =
  // What the person did, written down before it is sent.
  | {
      readonly type: 'messageSubmitted';
      readonly clientId: string;
      readonly text: string;
      readonly attachments: readonly SentAttachment[];
    }
  | { readonly type: 'messageRejected'; readonly clientId: string; readonly message: string }
  /** The person took a message back that was not sent. */
  | { readonly type: 'messageWithdrawn'; readonly clientId: string }
  /** The server showed it, and lost it since. */
  | { readonly type: 'messageNotKept'; readonly clientId: string }
  /** What earlier windows saw; after a page of history, which it is laid over. */
  | { readonly type: 'journalRead'; readonly records: readonly JournalRecord[] }
  | {
      readonly type: 'approvalAnswered';
      readonly requestId: string;
      readonly decision: 'allow' | 'deny';
      readonly reason: string;
    }
  /** The server would not take the answer: it is no longer pending. */
  | { readonly type: 'approvalRefused'; readonly requestId: string; readonly message: string }
  | { readonly type: 'stopRequested' }
  /** The server confirmed the stop; the end of the turn may come much later or never (PROTOCOL b.13). */
  | { readonly type: 'stopConfirmed' }
  /** The way to the server is gone; a running turn can no longer be known to run. */
  | { readonly type: 'connectionLost'; readonly message: string }
  // The stream of a turn.
  | {
      readonly type: 'phaseChanged';
      readonly phase: ServerPhase;
      readonly runIds: readonly string[];
      readonly executingCallIds: readonly string[];
      /** Which messages each run took into the model's context: tells what no echo told. */
      readonly promptsByRun?: readonly { readonly runId: string; readonly clientIds: readonly string[] }[];
    }
  | {
      readonly type: 'textDelta';
      readonly partId: string;
      readonly text: string;
      readonly order: DeltaOrder | null;
    }
  | {
      readonly type: 'reasoningDelta';
      readonly partId: string;
      readonly text: string;
      readonly order: DeltaOrder | null;
    }
  /** A message that entered the model's context (dequeued, or started by the server itself). */
  | {
      readonly type: 'userMessage';
      readonly clientId: string | null;
      readonly messageId: string;
      readonly text: string;
      readonly attachments: readonly SentAttachment[];
      readonly origin: 'person' | 'system';
    }
  | {
      readonly type: 'toolCalled';
      readonly callId: string;
      readonly name: string;
      readonly args: string;
      readonly isWhole: boolean;
      readonly order: DeltaOrder | null;
    }
  | {
      readonly type: 'approvalsClassified';
      readonly askedCallIds: readonly string[];
      readonly allowedCallIds: readonly string[];
      readonly deniedCallIds: readonly string[];
    }
  | {
      readonly type: 'approvalAsked';
      readonly requestId: string;
      readonly callId: string;
      readonly name: string;
      /** JSON text of the exact input. */
      readonly input: string;
      readonly diffs: readonly FileDiff[];
    }
  | { readonly type: 'toolStarted'; readonly callId: string; readonly name: string; readonly args: string }
  /** A snapshot of the output so far: replaces. */
  | { readonly type: 'toolOutput'; readonly callId: string; readonly output: string }
  | {
      readonly type: 'toolReturned';
      readonly callId: string;
      readonly isError: boolean;
      readonly output: string;
    }
  | { readonly type: 'toolEnded'; readonly callId: string; readonly isError: boolean }
  | {
      readonly type: 'usage';
      readonly runId: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly contextTokens: number | null;
    }
  /** Per model call; the turn's end is `turnFinished`. */
  | { readonly type: 'stepStopped'; readonly stopReason: string; readonly runId: string | null }
  | {
      readonly type: 'retrying';
      readonly layer: 'model' | 'turn';
      readonly attempt: number;
      readonly maxAttempts: number;
      readonly delayMs: number;
      readonly message: string;
      readonly reason: FailureReason;
    }
  | {
      readonly type: 'failed';
      readonly isTerminal: boolean;
      readonly message: string;
      readonly reason: FailureReason;
    }
  | {
      readonly type: 'turnFinished';
      readonly stopReason: string;
      readonly message: string;
      readonly reason: FailureReason | null;
      /** The turn's last run: tells the end of this turn from a repeated one of the turn before. */
      readonly runId?: string | null;
    }
  | {
      readonly type: 'notice';
      readonly id: string;
      readonly level: 'info' | 'warning' | 'error';
      readonly text: string;
    }
  | {
      readonly type: 'commandRan';
      readonly id: string;
      readonly input: string;
      readonly output: string | null;
      readonly isError: boolean;
    }
  | { readonly type: 'compacted'; readonly id: string; readonly summary: string }
  /** The server says that memory was written, not by whom or how; `remembered` says what came of it. */
  | { readonly type: 'memoryChanged'; readonly paths: readonly string[] }
  /** Replaces what was said of changes since the same version. */
  | {
      readonly type: 'remembered';
      /** The run in which it was found; null: told by history. */
      readonly runId: string | null;
      /** The tool call that history names for it, else null. */
      readonly callId: string | null;
      readonly change: MemoryChange;
    }
  | { readonly type: 'memoryUndone'; readonly from: string; readonly to: string }
  | { readonly type: 'fileChanged'; readonly path: string }
  | { readonly type: 'subagentsChanged'; readonly running: number }
  // State.
  | {
      readonly type: 'queueChanged';
      readonly items: readonly QueueItem[];
      readonly removed: readonly { readonly clientId: string | null; readonly disposition: string }[];
    }
  | {
      readonly type: 'deviceChanged';
      readonly mode: PermissionMode | null;
      readonly cwd: string | null;
      readonly isProcessing: boolean;
      readonly pendingRequestIds: readonly string[];
    }
  | { readonly type: 'historyRead'; readonly page: HistoryPage; readonly place: 'newest' | 'older' }
  /** Something came that could not be read: what it said is missing here. */
  | { readonly type: 'unreadable' }
  /** Kept and shown as a neutral row; `json` is what came. */
  | { readonly type: 'unknown'; readonly id: string; readonly name: string; readonly json: string };

/** Orders a delta among those of its run on every connection: a second connection that repeats it changes nothing. */
export interface DeltaOrder {
  readonly runId: string;
  readonly seq: number;
}

export type ServerPhase =
  | 'sending'
  | 'waitingForModel'
  | 'retrying'
  | 'streaming'
  | 'runningTool'
  | 'runningCommand'
  | 'waitingForApproval'
  | 'idle';

export interface QueueItem {
  readonly itemId: string;
  readonly clientId: string | null;
  readonly text: string;
  readonly isPaused: boolean;
}

export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly HistoryMessage[];
  /** Cursor for the next older page; null: this page reaches the beginning. */
  readonly before: string | null;
}

export type HistoryMessage = { readonly at: number | null } & (
  | {
      readonly kind: 'user';
      readonly id: string;
      readonly clientId: string | null;
      readonly text: string;
      readonly attachments: readonly SentAttachment[];
      readonly origin: 'person' | 'system';
    }
  | { readonly kind: 'text'; readonly id: string; readonly text: string }
  | { readonly kind: 'reasoning'; readonly id: string; readonly text: string }
  | { readonly kind: 'toolCall'; readonly callId: string; readonly name: string; readonly args: string }
  | {
      readonly kind: 'toolReturn';
      readonly callId: string;
      readonly isError: boolean;
      readonly output: string;
    }
  | { readonly kind: 'compacted'; readonly id: string; readonly summary: string }
  | { readonly kind: 'unknown'; readonly id: string; readonly name: string; readonly json: string }
);

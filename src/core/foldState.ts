import type { PermissionMode } from '../shared/panel.ts';
import { EMPTY_TRANSCRIPT } from '../shared/transcript.ts';
import type { FailureReason, SentAttachment, Transcript } from '../shared/transcript.ts';
import type { ServerPhase } from './lettaEvent.ts';

/** All that is known of one conversation after its events so far: plain data, never changed in place. */
export interface FoldState {
  readonly transcript: Transcript;
  /** Messages that are not in the model's context yet, oldest first. */
  readonly queue: readonly QueuedPrompt[];
  readonly phase: ServerPhase;
  /** When `phase` last changed. */
  readonly phaseSince: number;
  /** The turn that is pending, active or stopping; null: nothing runs. */
  readonly currentTurnId: string | null;
  /**
   * The turn that was stopped for the person while the server has not reported its end: the model may go on for
   * seconds or minutes, and new messages wait in the server's queue until it lets go (PROTOCOL b.13).
   */
  readonly unwindingTurnId: string | null;
  /** As the server last reported them; null before that. */
  readonly mode: PermissionMode | null;
  readonly cwd: string | null;
  readonly isProcessing: boolean;
  /** Tokens of the model's context window in use after the last model call; null: not reported. */
  readonly contextTokens: number | null;
  readonly runningSubagents: number;
  /** Cursor for `readHistory` of the next older page; null: nothing older, or nothing read yet. */
  readonly historyBefore: string | null;
  readonly memory: FoldMemory;
}

export interface QueuedPrompt {
  readonly clientId: string;
  /** The server's id of the queue entry, once it listed it. */
  readonly itemId: string | null;
  readonly text: string;
  readonly attachments: readonly SentAttachment[];
  /** `unsent`: the server went away before it took the message into a turn. */
  readonly state: 'sending' | 'queued' | 'paused' | 'unsent';
}

/** What the fold remembers to be idempotent; of no interest outside the reducer. */
export interface FoldMemory {
  /** Highest ordinal seen per source. */
  readonly ordinals: ReadonlyMap<string, number>;
  /** Of the newest turns, oldest first. */
  readonly turns: readonly TurnMemory[];
  /** When the phase last left `idle`: the start of a turn that nobody here asked for. */
  readonly activeSince: number | null;
  /** The source that reported the last end of a turn. */
  readonly finishedBy: string | null;
  /** The source that sent the last list of the queue. */
  readonly queueListedBy: string | null;
  /** Requests the server listed as waiting for an answer. */
  readonly pendingRequestIds: readonly string[];
}

export interface TurnMemory {
  readonly turnId: string;
  /** Its end was not reported by the server (history, lost connection): activity may show that it goes on. */
  readonly isOpenEnded: boolean;
  /** The server has shown that it works on it. */
  readonly hasActivity: boolean;
  readonly runIds: readonly string[];
  /** Characters received per run, for the estimate until its usage comes. */
  readonly chars: ReadonlyMap<string, number>;
  readonly usage: ReadonlyMap<string, { readonly inputTokens: number; readonly outputTokens: number }>;
  readonly orders: ReadonlyMap<string, PartOrder>;
  /** Calls of the current step that ask the person, in order. */
  readonly askedCallIds: readonly string[];
  /** Calls whose final result came: later snapshots of their output are old. */
  readonly returnedCallIds: readonly string[];
  /** The person's answers, by request id. */
  readonly answers: ReadonlyMap<string, { readonly decision: 'allow' | 'deny'; readonly reason: string }>;
  readonly lastError: { readonly message: string; readonly reason: FailureReason } | null;
  /** The turn ended badly; the server says why once more after the end (PROTOCOL b.4). */
  readonly awaitsTerminalError: boolean;
}

export interface PartOrder {
  readonly source: string;
  readonly runId: string;
  readonly seq: number;
}

export const INITIAL_FOLD: FoldState = {
  transcript: EMPTY_TRANSCRIPT,
  queue: [],
  phase: 'idle',
  phaseSince: 0,
  currentTurnId: null,
  unwindingTurnId: null,
  mode: null,
  cwd: null,
  isProcessing: false,
  contextTokens: null,
  runningSubagents: 0,
  historyBefore: null,
  memory: {
    ordinals: new Map(),
    turns: [],
    activeSince: null,
    finishedBy: null,
    queueListedBy: null,
    pendingRequestIds: [],
  },
};

export const NEW_TURN_MEMORY: Omit<TurnMemory, 'turnId'> = {
  isOpenEnded: false,
  hasActivity: false,
  runIds: [],
  chars: new Map(),
  usage: new Map(),
  orders: new Map(),
  askedCallIds: [],
  returnedCallIds: [],
  answers: new Map(),
  lastError: null,
  awaitsTerminalError: false,
};

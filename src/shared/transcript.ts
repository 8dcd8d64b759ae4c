/**
 * The transcript of one conversation as a person sees it: plain data, built by the host's reducer and mirrored in
 * every webview by patches (patch.ts). Times are epoch milliseconds of the host's clock.
 */
export interface Transcript {
  /** Oldest first. */
  readonly turns: readonly Turn[];
  /** The server has turns before the first one here. */
  readonly hasOlder: boolean;
}

/** A person's message (or an agent's own start) and all that followed until the turn's end. */
export interface Turn {
  /** Stable over the life of the conversation: the client id of the first prompt, else the id of its first part. */
  readonly id: string;
  /** `pending`: shown, not yet confirmed by the server. */
  readonly state: 'pending' | 'active' | 'stopping' | 'ended';
  readonly outcome: Outcome | null;
  readonly parts: readonly Part[];
  readonly metrics: TurnMetrics;
}

export type Outcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'stopped' }
  /** The model's output or step limit was reached: not a failure, not the whole answer. */
  | { readonly kind: 'cutOff'; readonly limit: 'outputTokens' | 'steps' | 'other' }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string }
  /** The connection or the runtime went away in mid-turn; the end is not known. */
  | { readonly kind: 'interrupted'; readonly message: string };

export type FailureReason =
  | 'unauthorised'
  | 'rateLimited'
  | 'modelUnreachable'
  | 'modelError'
  | 'contextOverflow'
  | 'server'
  | 'unknown';

export interface TurnMetrics {
  readonly startedAt: number | null;
  readonly firstTokenAt: number | null;
  readonly endedAt: number | null;
  readonly outputTokens: number;
  readonly inputTokens: number;
  /** The output count is ours (about four characters a token), not the server's. */
  readonly isEstimated: boolean;
  /** Model calls in this turn. */
  readonly steps: number;
}

export type Part = UserPart | TextPart | ReasoningPart | ToolPart | NoticePart;

export interface UserPart {
  readonly kind: 'user';
  /** The client id where there is one, else the server's message id. */
  readonly id: string;
  readonly text: string;
  readonly attachments: readonly SentAttachment[];
  /**
   * `unsent`: the server refused it or never answered; the person is told and can send again. `notKept`: the server had
   * it, and its history lacks it since.
   */
  readonly delivery: 'pending' | 'sent' | 'unsent' | 'notKept';
  /** `system`: started by the server itself (a finished background task), not typed by the person. */
  readonly origin: 'person' | 'system';
}

/** What a message carried along, as told to the model in its header (see attachmentText.ts). */
export interface SentAttachment {
  readonly path: string;
  readonly language: string;
  /** 1-based, inclusive; null for a whole file. */
  readonly lines: readonly [number, number] | null;
  readonly sizeBytes: number;
  /** Bytes left out to stay in the budget. */
  readonly cutBytes: number;
}

export interface TextPart {
  readonly kind: 'text';
  readonly id: string;
  readonly text: string;
}

export interface ReasoningPart {
  readonly kind: 'reasoning';
  readonly id: string;
  readonly text: string;
  readonly startedAt: number | null;
  /** Null while it grows. */
  readonly endedAt: number | null;
}

export type ToolState =
  /** Announced by the model; not yet decided whether it needs the person. */
  | 'announced'
  | 'waitingForApproval'
  /** Decided or allowed without asking; not yet started. */
  | 'allowed'
  | 'running'
  | 'done'
  | 'failed'
  | 'denied'
  | 'stopped';

export interface ToolPart {
  readonly kind: 'tool';
  /** The tool call id. */
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it; may be incomplete while it streams. */
  readonly args: string;
  readonly state: ToolState;
  /** Output so far (each snapshot replaces the last one) or the final result. */
  readonly output: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly approval: Approval | null;
}

export interface Approval {
  readonly requestId: string;
  readonly state: 'pending' | 'answering' | 'allowed' | 'denied' | 'expired';
  /** The exact input that will run, as JSON text. What is shown is what runs. */
  readonly input: string;
  readonly diffs: readonly FileDiff[];
  /** The person's words when they denied. */
  readonly reason: string;
  /** Position among the calls of this step that ask, 1-based. */
  readonly index: number;
  readonly total: number;
}

export interface FileDiff {
  readonly path: string;
  /** Why no preview can be shown, else ''. */
  readonly unpreviewable: string;
  readonly hunks: readonly DiffHunk[];
}

export interface DiffHunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly { readonly type: 'context' | 'add' | 'remove'; readonly text: string }[];
}

/** Anything said about the turn that is neither the person's nor the model's words. */
export interface NoticePart {
  readonly kind: 'notice';
  readonly id: string;
  readonly code:
    | 'retrying'
    | 'error'
    | 'interrupted'
    | 'compacted'
    | 'memory'
    | 'command'
    | 'info'
    /** A kind of event this version does not know; `detail` holds its JSON. */
    | 'unknown';
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly detail: string;
  readonly retry: RetryInfo | null;
  readonly actions: readonly NoticeAction[];
  /** With the code `memory`: what the row is about. */
  readonly memory?: MemoryChange;
}

/** What the agent remembered or forgot in a turn, from one version of its memory to a later one. */
export interface MemoryChange {
  /** Names of the two versions (commits). */
  readonly from: string;
  readonly to: string;
  readonly files: readonly MemoryFileChange[];
  /** False: more changed than is listed, or something that is not text. */
  readonly canUndo: boolean;
  /** The person put back what was there before. */
  readonly isUndone: boolean;
}

export interface MemoryFileChange {
  /** Relative to the memory, checked by `isMemoryPath`. */
  readonly path: string;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
}

export interface RetryInfo {
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the next attempt starts. */
  readonly nextAt: number;
}

/** What a button of a notice does; the host carries it out. */
export type NoticeAction =
  | 'retry'
  | 'continue'
  | 'sendAgain'
  | 'showLog'
  | 'fixKey'
  /** While it is tried again and again with a key that is refused. */
  | 'stopAndFixKey'
  | 'chooseModel'
  | 'restartRuntime'
  /** Reads the conversation anew. */
  | 'readAgain'
  | 'reconnect'
  | 'installGit'
  | 'newConversation'
  /** A copy of the conversation, for one whose model does not let go. */
  | 'continueInFork'
  | 'viewMemory'
  | 'undoMemory';

export const EMPTY_TRANSCRIPT: Transcript = { turns: [], hasOlder: false };

export const NO_METRICS: TurnMetrics = {
  startedAt: null,
  firstTokenAt: null,
  endedAt: null,
  outputTokens: 0,
  inputTokens: 0,
  isEstimated: true,
  steps: 0,
};

import type { NoticeAction, Transcript } from './transcript.ts';

/** All that one chat panel shows, except what is only the webview's own (scroll position, expanded rows). */
export interface PanelState {
  /**
   * Names the conversation shown; drafts are kept by it. It changes in an update when a new conversation gets its id:
   * the draft then belongs to the new key, its text stays.
   */
  readonly key: string;
  readonly link: LinkView;
  readonly agent: { readonly id: string; readonly name: string } | null;
  /** Null: a new conversation, made at the first send. */
  readonly conversation: { readonly id: string; readonly title: string } | null;
  readonly model: ModelView | null;
  /** As confirmed by the server; null until it is, and then nothing can be sent. */
  readonly mode: PermissionMode | null;
  readonly place: string;
  /** Where commands run, as shown to the person (`~/api`); '' while unknown. */
  readonly folder: string;
  /** False: the text can be typed and is kept, but not sent. `blockedReason` says why in a few words. */
  readonly canSend: boolean;
  readonly blockedReason: string;
  readonly activity: Activity;
  readonly queue: readonly QueuedMessage[];
  readonly attachments: readonly Attachment[];
  readonly notices: readonly PanelNotice[];
  /** Null once there is something to talk to. */
  readonly setup: SetupView | null;
  readonly transcript: Transcript;
}

export type PanelFields = Omit<PanelState, 'transcript'>;

export type PermissionMode = 'standard' | 'acceptEdits' | 'unrestricted' | 'strict';

export interface ModelView {
  readonly handle: string;
  readonly label: string;
  /** The scripted demo: labelled as such on every turn. */
  readonly isDemo: boolean;
}

/** The way to the server, in words when it matters. */
export interface LinkView {
  readonly state: 'none' | 'starting' | 'ready' | 'reconnecting' | 'failed';
  /** Shown as it is; '' while ready. */
  readonly text: string;
  readonly detail: string;
  /** When it is tried again by itself, epoch ms of the host's clock. */
  readonly retryAt: number | null;
  readonly actions: readonly NoticeAction[];
}

/** What goes on now. Seconds run in the webview from `since`. */
export interface Activity {
  readonly phase:
    | 'idle'
    | 'sending'
    | 'waitingForModel'
    | 'thinking'
    | 'writing'
    | 'preparingTool'
    | 'runningTool'
    | 'waitingForApproval'
    | 'retrying'
    | 'stopping'
    /** Stop was asked, and the model has not let go after 5 s. */
    | 'stillStopping';
  readonly since: number;
  readonly tokens: number;
  readonly isEstimated: boolean;
}

export interface QueuedMessage {
  readonly clientId: string;
  readonly text: string;
  readonly attachmentCount: number;
  /** `paused`: held back after Stop until the person sends it. */
  readonly state: 'sending' | 'queued' | 'paused' | 'unsent';
}

/** A chip in the composer: what will be sent along with the next message. */
export interface Attachment {
  readonly id: string;
  /** Workspace-relative path, or a name for an untitled document. */
  readonly path: string;
  readonly language: string;
  /** 1-based, inclusive; null for a whole file. */
  readonly lines: readonly [number, number] | null;
  readonly sizeBytes: number;
  readonly cutBytes: number;
  /** Taken from an editor with unsaved changes: what is sent is not what is on disk. */
  readonly isUnsaved: boolean;
}

export interface PanelNotice {
  readonly id: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly detail: string;
  readonly actions: readonly NoticeAction[];
}

/** First run: what was found, each ready or one fix away. */
export interface SetupView {
  /** More may be found in a moment. */
  readonly isLooking: boolean;
  readonly choices: readonly SetupChoice[];
}

export interface SetupChoice {
  /** Given back in the `choose` event. */
  readonly id: string;
  /** A codicon name. */
  readonly icon: string;
  readonly label: string;
  /** `busy`: what was chosen is being done; `stateText` says what. */
  readonly state: 'ready' | 'needsFix' | 'busy' | 'none';
  readonly stateText: string;
  readonly detail: string;
  readonly group: 'agents' | 'found' | 'connect';
}

export const IDLE: Activity = { phase: 'idle', since: 0, tokens: 0, isEstimated: true };

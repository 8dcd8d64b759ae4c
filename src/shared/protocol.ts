import type { TranscriptPatch } from './patch.ts';
import type { PanelFields, PanelState } from './panel.ts';
import type { NoticeAction } from './transcript.ts';
import type { PanelStrings } from './strings.ts';

/**
 * Everything said between the extension host and a webview. Three kinds only: host event (a fact), webview event
 * (an intent), request (exactly one reply). Nothing is sent to a webview before its `ready`; every `ready` is answered
 * by a `snapshot`; `update`s after it carry consecutive `seq`; a webview that sees a gap, or a patch that does not
 * fit, sends `resync` and ignores updates until the next snapshot.
 */
export const PROTOCOL_VERSION = 1;

export type HostMessage = HostEvent | Reply;

export type HostEvent =
  | {
      readonly type: 'snapshot';
      readonly version: typeof PROTOCOL_VERSION;
      readonly seq: number;
      /** The host's clock, epoch ms: the two sides may run on different machines. */
      readonly now: number;
      readonly state: PanelState;
      readonly strings: PanelStrings;
      readonly draft: Draft;
    }
  | {
      readonly type: 'update';
      readonly seq: number;
      readonly now: number;
      readonly patches: readonly TranscriptPatch[];
      /** Fields that changed since the last update, whole. */
      readonly fields: Partial<PanelFields>;
    }
  /** Puts text into the composer: Stop before the first token, "edit" of a queued message, a command. */
  | { readonly type: 'draft'; readonly draft: Draft }
  | { readonly type: 'focus' }
  /** Said once by the live region. */
  | { readonly type: 'announce'; readonly text: string; readonly isUrgent: boolean };

export interface Draft {
  readonly key: string;
  readonly text: string;
  /** Counts the person's edits; of two drafts for one key the higher revision wins. */
  readonly revision: number;
}

export type Reply = { readonly type: 'reply'; readonly requestId: number } & (
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string }
);

export type WebviewMessage = WebviewEvent | WebviewRequest;

export type WebviewEvent =
  /** `draft`: what the webview kept itself, if any. */
  | { readonly type: 'ready'; readonly version: number; readonly draft: Draft | null }
  | { readonly type: 'resync' }
  /** The update was painted; the host sends the next one (at most two are under way). */
  | { readonly type: 'ack'; readonly seq: number }
  /** `clientId` is made by the webview: pressing twice sends once. */
  | { readonly type: 'submit'; readonly clientId: string; readonly key: string; readonly text: string }
  | { readonly type: 'stop' }
  | {
      readonly type: 'answerApproval';
      readonly toolCallId: string;
      readonly requestId: string;
      /** `approvalDigest` of the input that was on the screen. */
      readonly digest: string;
      readonly decision: 'allow' | 'deny';
      readonly reason: string;
    }
  | { readonly type: 'draftChanged'; readonly draft: Draft }
  | { readonly type: 'removeAttachment'; readonly id: string }
  | { readonly type: 'openAttachment'; readonly id: string }
  | { readonly type: 'addAttachment' }
  /** A file named in a sent message or a tool row. `line` is 1-based. */
  | { readonly type: 'openFile'; readonly path: string; readonly line: number | null }
  | { readonly type: 'openLink'; readonly href: string }
  | { readonly type: 'openToolOutput'; readonly toolCallId: string }
  | { readonly type: 'saveFile'; readonly path: string }
  | { readonly type: 'queueItem'; readonly clientId: string; readonly action: 'edit' | 'remove' | 'sendNow' }
  | { readonly type: 'notice'; readonly noticeId: string; readonly action: NoticeAction }
  | { readonly type: 'dismissNotice'; readonly noticeId: string }
  | { readonly type: 'choose'; readonly choiceId: string }
  | { readonly type: 'pick'; readonly what: 'agent' | 'conversation' | 'model' }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'insertAtCursor'; readonly text: string }
  | { readonly type: 'focusChanged'; readonly isFocused: boolean }
  /** The webview failed to show something; logged without content. */
  | { readonly type: 'webviewError'; readonly message: string };

export interface WebviewRequest {
  readonly type: 'request';
  readonly requestId: number;
  readonly body: RequestBody;
}

export type RequestBody =
  /** Older turns follow as a `prepend` patch; replied when they are out: { added: number }. */
  | { readonly method: 'loadOlder' }
  /** The target of an edit has unsaved changes? { isDirty: boolean, canOpen: boolean }. */
  | { readonly method: 'fileState'; readonly path: string };

import * as v from 'valibot';
import type { WebviewMessage } from '../shared/protocol.ts';

/** Longer text than this in one message is refused: nobody types it, and the server would not take it. */
const MAX_TEXT = 4 * 1024 * 1024;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(500));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const draft = v.strictObject({ key: id, text, revision: count });

const noticeAction = v.picklist([
  'retry',
  'continue',
  'sendAgain',
  'showLog',
  'fixKey',
  'stopAndFixKey',
  'chooseModel',
  'restartRuntime',
  'readAgain',
  'reconnect',
  'installGit',
  'newConversation',
  'continueInFork',
  'viewMemory',
  'undoMemory',
]);

/** Everything a webview may say. Anything else is dropped and logged. */
const webviewMessage = v.variant('type', [
  v.strictObject({ type: v.literal('ready'), version: count, draft: v.nullable(draft) }),
  v.strictObject({ type: v.literal('resync') }),
  v.strictObject({ type: v.literal('ack'), seq: count }),
  v.strictObject({ type: v.literal('submit'), clientId: id, key: id, text }),
  v.strictObject({ type: v.literal('stop') }),
  v.strictObject({
    type: v.literal('answerApproval'),
    toolCallId: id,
    requestId: id,
    digest: id,
    decision: v.picklist(['allow', 'deny']),
    reason: text,
  }),
  v.strictObject({ type: v.literal('draftChanged'), draft }),
  v.strictObject({ type: v.literal('removeAttachment'), id }),
  v.strictObject({ type: v.literal('openAttachment'), id }),
  v.strictObject({ type: v.literal('addAttachment') }),
  v.strictObject({ type: v.literal('openFile'), path, line: v.nullable(count) }),
  v.strictObject({ type: v.literal('openLink'), href: v.pipe(v.string(), v.maxLength(8192)) }),
  v.strictObject({ type: v.literal('openToolOutput'), toolCallId: id }),
  v.strictObject({ type: v.literal('saveFile'), path }),
  v.strictObject({
    type: v.literal('queueItem'),
    clientId: id,
    action: v.picklist(['edit', 'remove', 'sendNow']),
  }),
  v.strictObject({ type: v.literal('notice'), noticeId: id, action: noticeAction }),
  v.strictObject({ type: v.literal('dismissNotice'), noticeId: id }),
  v.strictObject({ type: v.literal('choose'), choiceId: id }),
  v.strictObject({ type: v.literal('pick'), what: v.picklist(['agent', 'conversation', 'model']) }),
  v.strictObject({ type: v.literal('copy'), text }),
  v.strictObject({ type: v.literal('insertAtCursor'), text }),
  v.strictObject({ type: v.literal('focusChanged'), isFocused: v.boolean() }),
  v.strictObject({ type: v.literal('webviewError'), message: v.pipe(v.string(), v.maxLength(2000)) }),
  v.strictObject({
    type: v.literal('request'),
    requestId: count,
    body: v.variant('method', [
      v.strictObject({ method: v.literal('loadOlder') }),
      v.strictObject({ method: v.literal('fileState'), path }),
    ]),
  }),
]);

export function parseWebviewMessage(value: unknown): WebviewMessage | null {
  const result = v.safeParse(webviewMessage, value);
  return result.success ? result.output : null;
}

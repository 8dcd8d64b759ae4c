import type { FailureReason, NoticeAction, NoticePart, Outcome } from '../shared/transcript.ts';

/** What helps against a failure, the most likely help first. */
const HELP: Readonly<Record<FailureReason, readonly NoticeAction[]>> = {
  unauthorised: ['fixKey', 'retry', 'chooseModel'],
  rateLimited: ['retry', 'chooseModel'],
  modelUnreachable: ['retry', 'chooseModel', 'showLog'],
  modelError: ['retry', 'chooseModel', 'showLog'],
  contextOverflow: ['newConversation', 'chooseModel'],
  server: ['retry', 'restartRuntime', 'showLog'],
  unknown: ['retry', 'showLog'],
};

const COMPLETED = new Set(['end_turn', 'stop', 'tool_rule', 'no_tool_call', 'requires_approval']);

/** The outcome that a server's stop reason stands for. `message` and `reason` are what is known of a failure. */
export function outcomeOf(stopReason: string, message: string, reason: FailureReason | null): Outcome {
  if (COMPLETED.has(stopReason)) return { kind: 'completed' };
  switch (stopReason) {
    case 'cancelled':
      return { kind: 'stopped' };
    case 'max_tokens_exceeded':
    case 'length':
      return { kind: 'cutOff', limit: 'outputTokens' };
    case 'max_steps':
      return { kind: 'cutOff', limit: 'steps' };
    default:
      return {
        kind: 'failed',
        reason: reason ?? 'unknown',
        message: message === '' ? `The turn ended early (${stopReason}).` : message,
      };
  }
}

/** The row that says how a turn ended, for outcomes that need words and a button; else null. */
export function outcomeNotice(turnId: string, outcome: Outcome): NoticePart | null {
  const row = { kind: 'notice', detail: '', retry: null } as const;
  switch (outcome.kind) {
    case 'completed':
    case 'stopped':
      return null;
    case 'cutOff':
      return {
        ...row,
        id: outcomeNoticeId(turnId),
        code: 'info',
        level: 'warning',
        text:
          outcome.limit === 'steps'
            ? 'Cut off: the agent reached its limit of steps.'
            : "Cut off: the model's output limit was reached.",
        actions: ['continue'],
      };
    case 'failed':
      return {
        ...row,
        id: outcomeNoticeId(turnId),
        code: 'error',
        level: 'error',
        text: outcome.message,
        actions: HELP[outcome.reason],
      };
    case 'interrupted':
      return {
        ...row,
        id: outcomeNoticeId(turnId),
        code: 'interrupted',
        level: 'warning',
        text: outcome.message,
        actions: ['continue'],
      };
  }
}

export function outcomeNoticeId(turnId: string): string {
  return `${turnId}:outcome`;
}

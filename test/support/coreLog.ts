import { INITIAL_FOLD } from '../../src/core/foldState.ts';
import type { FoldState } from '../../src/core/foldState.ts';
import type { HistoryMessage, LettaEvent } from '../../src/core/lettaEvent.ts';
import { reduce } from '../../src/core/reduce.ts';
import type { Part, Turn } from '../../src/shared/transcript.ts';

/** A conversation that a test tells event by event; each comes 100 ms after the one before. */
export class Log {
  state: FoldState = INITIAL_FOLD;
  at = 0;
  #ordinal = 0;

  /** From the server: stamped. */
  in(...events: readonly LettaEvent[]): this {
    return this.from('A', ...events);
  }

  from(source: string, ...events: readonly LettaEvent[]): this {
    for (const event of events) {
      this.at += 100;
      this.#ordinal++;
      this.state = reduce(this.state, {
        event,
        at: this.at,
        stamp: { source, ordinal: this.#ordinal },
      }).state;
    }
    return this;
  }

  /** From this side. */
  own(...events: readonly LettaEvent[]): this {
    for (const event of events) {
      this.at += 100;
      this.state = reduce(this.state, { event, at: this.at, stamp: null }).state;
    }
    return this;
  }

  get turns(): readonly Turn[] {
    return this.state.transcript.turns;
  }

  turn(index = -1): Turn {
    const turn = this.turns.at(index);
    if (turn === undefined) throw new Error('no such turn');
    return turn;
  }

  part<K extends Part['kind']>(kind: K, id?: string): Extract<Part, { kind: K }> {
    const found = this.turns
      .flatMap((turn) => turn.parts)
      .find(
        (part): part is Extract<Part, { kind: K }> =>
          part.kind === kind && (id === undefined || part.id === id),
      );
    if (found === undefined) throw new Error(`no ${kind} part`);
    return found;
  }

  has(kind: Part['kind'], code?: string): boolean {
    return this.turns
      .flatMap((turn) => turn.parts)
      .some(
        (part) =>
          part.kind === kind && (code === undefined || (part.kind === 'notice' && part.code === code)),
      );
  }
}

export const submitted = (clientId: string, text = clientId): LettaEvent => ({
  type: 'messageSubmitted',
  clientId,
  text,
  attachments: [],
});
export const echoed = (clientId: string, text = clientId): LettaEvent => ({
  type: 'userMessage',
  clientId,
  messageId: `m-${clientId}`,
  text,
  attachments: [],
  origin: 'person',
});
export const phase = (
  name: Extract<LettaEvent, { type: 'phaseChanged' }>['phase'],
  runIds: readonly string[] = [],
  executingCallIds: readonly string[] = [],
): LettaEvent => ({ type: 'phaseChanged', phase: name, runIds, executingCallIds });
export const said = (partId: string, text: string, seq: number | null = null, runId = 'r1'): LettaEvent => ({
  type: 'textDelta',
  partId,
  text,
  order: seq === null ? null : { runId, seq },
});
export const thought = (partId: string, text: string): LettaEvent => ({
  type: 'reasoningDelta',
  partId,
  text,
  order: null,
});
export const called = (callId: string, args = '{}', name = 'Bash'): LettaEvent => ({
  type: 'toolCalled',
  callId,
  name,
  args,
  isWhole: true,
  order: null,
});
export const asked = (callId: string, input = '{}'): LettaEvent => ({
  type: 'approvalAsked',
  requestId: `perm-${callId}`,
  callId,
  name: 'Bash',
  input,
  diffs: [],
});
export const answered = (callId: string, decision: 'allow' | 'deny', reason = ''): LettaEvent => ({
  type: 'approvalAnswered',
  requestId: `perm-${callId}`,
  decision,
  reason,
});
export const returned = (callId: string, output: string, isError = false): LettaEvent => ({
  type: 'toolReturned',
  callId,
  isError,
  output,
});
export const device = (isProcessing: boolean, pendingRequestIds: readonly string[] = []): LettaEvent => ({
  type: 'deviceChanged',
  mode: 'standard',
  cwd: '/w',
  isProcessing,
  pendingRequestIds,
});
export const finished = (stopReason = 'end_turn', runId: string | null = null, message = ''): LettaEvent => ({
  type: 'turnFinished',
  stopReason,
  message,
  reason: null,
  runId,
});
export const history = (
  messages: readonly HistoryMessage[],
  place: 'newest' | 'older' = 'newest',
  before: string | null = null,
): LettaEvent => ({ type: 'historyRead', place, page: { messages, before } });
export const userRow = (id: string, clientId: string | null, text = id): HistoryMessage => ({
  kind: 'user',
  at: null,
  id,
  clientId,
  text,
  attachments: [],
  origin: 'person',
});
export const textRow = (id: string, text: string): HistoryMessage => ({ kind: 'text', at: null, id, text });

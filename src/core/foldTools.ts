import type { Approval, ToolPart } from '../shared/transcript.ts';
import type { FoldDraft, FoundPart } from './foldDraft.ts';
import { acceptOrder, closeReasoning, noteToken, recovered, turnOf } from './foldParts.ts';
import { answeredElsewhere, isSettled, reopen, turnOfRun } from './foldTurns.ts';
import type { LettaEvent } from './lettaEvent.ts';

type EventOf<T extends LettaEvent['type']> = Extract<LettaEvent, { type: T }>;

export function toolCalled(draft: FoldDraft, event: EventOf<'toolCalled'>): void {
  const found = draft.find('tool', event.callId);
  // A call's id is its own: it stays where it is, whatever run repeats it.
  const turnId = found?.turn.id ?? turnOf(draft, null, event.order, event.callId);
  reopen(draft, turnId);
  if (!acceptOrder(draft, turnId, event.callId, event.order)) return;
  recovered(draft, turnId);
  if (found?.turn.id !== turnId) {
    noteToken(draft, turnId, event.order, event.args.length);
    addTool(draft, turnId, event.callId, event.name, event.args);
  } else if (!event.isWhole) {
    if (event.args === '') return;
    noteToken(draft, turnId, event.order, event.args.length);
    const { part } = found;
    draft.emit({ op: 'append', turnId, partId: part.id, offset: part.args.length, text: event.args });
  } else if (found.part.state === 'announced') {
    noteToken(draft, turnId, event.order, Math.max(0, event.args.length - found.part.args.length));
    draft.putPart(turnId, { ...found.part, name: event.name, args: event.args });
  }
}

function addTool(draft: FoldDraft, turnId: string, callId: string, name: string, args: string): ToolPart {
  closeReasoning(draft, turnId, null);
  // A call that comes after a stop is not carried out (PROTOCOL b.13).
  const isOver = draft.turn(turnId)?.state === 'ended';
  const part: ToolPart = {
    kind: 'tool',
    id: callId,
    name,
    args,
    state: isOver ? 'stopped' : 'announced',
    output: '',
    startedAt: null,
    endedAt: null,
    approval: null,
  };
  draft.addPart(turnId, part);
  return part;
}

/** The row of the call, made where the server never announced it (a later window, another server). */
function ensureTool(draft: FoldDraft, callId: string, name: string, args: string): FoundPart<'tool'> | null {
  const found = draft.find('tool', callId);
  if (found !== null) {
    reopen(draft, found.turn.id);
    return draft.find('tool', callId);
  }
  const turnId = turnOfRun(draft, null, callId);
  addTool(draft, turnId, callId, name, args);
  return draft.find('tool', callId);
}

export function approvalsClassified(draft: FoldDraft, event: EventOf<'approvalsClassified'>): void {
  const first = [...event.askedCallIds, ...event.allowedCallIds, ...event.deniedCallIds]
    .map((callId) => draft.find('tool', callId))
    .find((found) => found !== null);
  const turnId = first?.turn.id ?? draft.state.currentTurnId;
  if (turnId === null) return;
  draft.rememberTurn(turnId, { askedCallIds: event.askedCallIds });
  for (const callId of event.allowedCallIds) settleDecision(draft, callId, 'allow');
  for (const callId of event.deniedCallIds) settleDecision(draft, callId, 'deny');
}

/** Decided without the person. */
function settleDecision(draft: FoldDraft, callId: string, decision: 'allow' | 'deny'): void {
  const found = draft.find('tool', callId);
  if (found?.part.state !== 'announced') return;
  draft.putPart(found.turn.id, { ...found.part, state: decision === 'allow' ? 'allowed' : 'denied' });
}

export function approvalAsked(draft: FoldDraft, event: EventOf<'approvalAsked'>): void {
  const found = ensureTool(draft, event.callId, event.name, event.input);
  if (found === null) return;
  const { turn, part } = found;
  const isRepeated =
    part.approval !== null &&
    part.approval.requestId === event.requestId &&
    part.approval.state !== 'expired';
  const isOver = part.state === 'running' || part.state === 'done' || part.state === 'failed';
  if (isRepeated || isOver || draft.turn(turn.id)?.state === 'ended') return;
  const asked = draft.turnMemory(turn.id).askedCallIds;
  const position = asked.indexOf(event.callId);
  const approval: Approval = {
    requestId: event.requestId,
    state: 'pending',
    input: event.input,
    diffs: event.diffs,
    reason: '',
    index: Math.max(0, position) + 1,
    total: position < 0 ? 1 : asked.length,
  };
  draft.putPart(turn.id, { ...part, state: 'waitingForApproval', endedAt: null, approval });
}

export function approvalAnswered(draft: FoldDraft, event: EventOf<'approvalAnswered'>): void {
  const found = findRequest(draft, event.requestId);
  if (found?.approval.state !== 'pending') return;
  const { turn, part, approval } = found;
  const { decision, reason } = event;
  const answers = draft.turnMemory(turn.id).answers;
  draft.rememberTurn(turn.id, { answers: new Map(answers).set(event.requestId, { decision, reason }) });
  draft.putPart(turn.id, { ...part, approval: { ...approval, state: 'answering', reason } });
}

export function approvalRefused(draft: FoldDraft, event: EventOf<'approvalRefused'>): void {
  const found = findRequest(draft, event.requestId);
  if (found?.approval.state !== 'answering' && found?.approval.state !== 'pending') return;
  const { turn, part, approval } = found;
  // Someone else answered, or the server forgot the question: the call itself shows what becomes of it.
  draft.putPart(turn.id, { ...part, state: 'announced', approval: { ...approval, state: 'expired' } });
  draft.putPart(turn.id, {
    kind: 'notice',
    id: `${part.id}:refused`,
    code: 'info',
    level: 'warning',
    text: `The answer was not taken: ${event.message === '' ? 'the server no longer waits for it.' : event.message}`,
    detail: '',
    retry: null,
    actions: [],
  });
}

/** The server lists what waits for an answer: what it no longer lists was decided. */
export function approvalsListed(draft: FoldDraft, pendingRequestIds: readonly string[]): void {
  const before = draft.state.memory.pendingRequestIds;
  draft.remember({ pendingRequestIds });
  for (const turn of draft.state.transcript.turns.slice(-2)) {
    for (const part of turn.parts) {
      if (part.kind !== 'tool' || part.approval === null) continue;
      const { requestId } = part.approval;
      if (pendingRequestIds.includes(requestId)) continue;
      if (part.approval.state === 'answering') settleAnswer(draft, turn.id, part, part.approval);
      else if (part.approval.state === 'pending' && before.includes(requestId)) {
        draft.putPart(turn.id, {
          ...part,
          state: 'announced',
          approval: { ...part.approval, state: 'expired' },
        });
      }
    }
  }
}

function settleAnswer(draft: FoldDraft, turnId: string, part: ToolPart, approval: Approval): void {
  const isDenied = draft.turnMemory(turnId).answers.get(approval.requestId)?.decision === 'deny';
  const state = isDenied ? 'denied' : 'allowed';
  const isWaiting = part.state === 'waitingForApproval';
  draft.putPart(turnId, { ...part, state: isWaiting ? state : part.state, approval: { ...approval, state } });
}

interface FoundRequest extends FoundPart<'tool'> {
  readonly approval: Approval;
}

function findRequest(draft: FoldDraft, requestId: string): FoundRequest | null {
  for (const turn of draft.state.transcript.turns.toReversed()) {
    for (const part of turn.parts) {
      if (part.kind !== 'tool' || part.approval?.requestId !== requestId) continue;
      return { turn, part, approval: part.approval };
    }
  }
  return null;
}

export function toolStarted(draft: FoldDraft, event: EventOf<'toolStarted'>): void {
  const found = ensureTool(draft, event.callId, event.name, event.args);
  if (found !== null) start(draft, found);
}

/** The server's own list of what runs heals a row whose start was missed. */
export function toolsExecuting(draft: FoldDraft, callIds: readonly string[]): void {
  for (const callId of callIds) {
    const found = draft.find('tool', callId);
    if (found !== null && found.turn.id === draft.state.currentTurnId) start(draft, found);
  }
}

function start(draft: FoldDraft, { turn, part }: FoundPart<'tool'>): void {
  if (part.state === 'running' || isSettled(part)) return;
  draft.putPart(turn.id, {
    ...part,
    state: 'running',
    startedAt: part.startedAt ?? draft.at,
    approval: part.approval === null ? null : { ...part.approval, state: 'allowed' },
  });
}

export function toolOutput(draft: FoldDraft, event: EventOf<'toolOutput'>): void {
  const found = draft.find('tool', event.callId);
  if (found === null || draft.turnMemory(found.turn.id).returnedCallIds.includes(event.callId)) return;
  start(draft, found);
  const now = draft.find('tool', event.callId);
  if (now !== null) draft.putPart(now.turn.id, { ...now.part, output: event.output });
}

export function toolReturned(draft: FoldDraft, event: EventOf<'toolReturned'>): void {
  const found = ensureTool(draft, event.callId, 'tool', '');
  if (found === null) return;
  const { turn, part } = found;
  const returned = draft.turnMemory(turn.id).returnedCallIds;
  if (!returned.includes(event.callId)) {
    draft.rememberTurn(turn.id, { returnedCallIds: [...returned, event.callId] });
  }
  const isDenied = isDeniedBy(draft, found, event.isError);
  draft.putPart(turn.id, {
    ...part,
    output: event.output,
    state: isDenied ? 'denied' : endState(draft, found, event.isError),
    endedAt: part.endedAt ?? draft.at,
    approval:
      isDenied && part.approval !== null
        ? { ...part.approval, state: 'denied' }
        : answeredElsewhere(part.approval),
  });
}

function isDeniedBy(draft: FoldDraft, { turn, part }: FoundPart<'tool'>, isError: boolean): boolean {
  if (part.state === 'denied') return true;
  if (!isError || part.approval?.state !== 'answering') return false;
  return draft.turnMemory(turn.id).answers.get(part.approval.requestId)?.decision === 'deny';
}

export function toolEnded(draft: FoldDraft, event: EventOf<'toolEnded'>): void {
  const found = draft.find('tool', event.callId);
  if (found === null || found.part.state === 'denied') return;
  if (draft.turnMemory(found.turn.id).returnedCallIds.includes(event.callId)) return;
  draft.putPart(found.turn.id, {
    ...found.part,
    state: endState(draft, found, event.isError),
    endedAt: found.part.endedAt ?? draft.at,
    approval: answeredElsewhere(found.part.approval),
  });
}

/** An error after Stop is the stop itself, not a failure of the tool. */
function endState(draft: FoldDraft, { turn, part }: FoundPart<'tool'>, isError: boolean): ToolPart['state'] {
  const now = draft.turn(turn.id);
  const isStopped = now?.state === 'stopping' || now?.outcome?.kind === 'stopped';
  if (part.state === 'stopped' && isError) return 'stopped';
  if (isError && isStopped) return 'stopped';
  return isError ? 'failed' : 'done';
}

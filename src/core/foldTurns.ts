import { NO_METRICS } from '../shared/transcript.ts';
import type { Approval, Outcome, Part, ToolPart, Turn, TurnMetrics } from '../shared/transcript.ts';
import type { FoldDraft } from './foldDraft.ts';
import { outcomeNotice, outcomeNoticeId } from './failure.ts';
import type { TurnMemory } from './foldState.ts';

/** Characters a token stands for, until the server says how many there were. */
const CHARS_PER_TOKEN = 4;

const NO_RESULT = 'No result came back from this call.';

export function startTurn(
  draft: FoldDraft,
  id: string,
  state: 'pending' | 'active',
  parts: readonly Part[],
): string {
  const turnId = draft.uniqueTurnId(id);
  const startedAt = state === 'pending' ? draft.at : (draft.state.memory.activeSince ?? draft.at);
  draft.emit({
    op: 'addTurn',
    beforeId: null,
    turn: { id: turnId, state, outcome: null, parts, metrics: { ...NO_METRICS, startedAt } },
  });
  draft.rememberTurn(turnId, { hasActivity: state === 'active' });
  draft.update({ currentTurnId: turnId, unwindingTurnId: null });
  return turnId;
}

/** Rows that belong to no turn stand in one of their own, which has no beginning and no end. */
export function addRowOutsideTurns(draft: FoldDraft, part: Part): void {
  const last = draft.lastTurn;
  if (last?.state === 'ended' && last.parts.every((other) => other.kind === 'notice')) {
    draft.putPart(last.id, part);
    return;
  }
  draft.emit({
    op: 'addTurn',
    beforeId: null,
    turn: {
      id: draft.uniqueTurnId(part.id),
      state: 'ended',
      outcome: null,
      parts: [part],
      metrics: NO_METRICS,
    },
  });
}

/**
 * The turn that something streamed belongs to: one that is running and has this run; else the current one; else one
 * that still unwinds after a stop, or that the run belonged to; else a new one, begun by the server or another window.
 */
export function turnOfRun(draft: FoldDraft, runId: string | null, newId: string): string {
  const { currentTurnId, unwindingTurnId } = draft.state;
  const known = runningTurnOfRun(draft, runId) ?? currentTurnId;
  if (known !== null) {
    showActivity(draft, known, runId);
    return known;
  }
  if (unwindingTurnId !== null) return unwindingTurnId;
  const last = draft.state.memory.turns.at(-1);
  if (last !== undefined && runId !== null && last.runIds.includes(runId)) {
    reopen(draft, last.turnId);
    return last.turnId;
  }
  const turnId = startTurn(draft, newId, 'active', []);
  showActivity(draft, turnId, runId);
  return turnId;
}

/** Two turns can run at once where the server raced with itself (PROTOCOL b.12): the run tells them apart. */
export function runningTurnOfRun(draft: FoldDraft, runId: string | null): string | null {
  if (runId === null) return null;
  const memory = draft.state.memory.turns.findLast(
    (turn) => turn.runIds.includes(runId) && draft.turn(turn.turnId)?.state !== 'ended',
  );
  return memory !== undefined && draft.turn(memory.turnId) !== null ? memory.turnId : null;
}

/** The server works on the turn: it took the person's messages. */
export function showActivity(draft: FoldDraft, turnId: string, runId: string | null): void {
  const turn = draft.turn(turnId);
  if (turn === null) return;
  const memory = draft.turnMemory(turnId);
  const isNewRun =
    runId !== null && runningTurnOfRun(draft, runId) === null && !memory.runIds.includes(runId);
  if (!memory.hasActivity || isNewRun) {
    draft.rememberTurn(turnId, {
      hasActivity: true,
      runIds: isNewRun ? [...memory.runIds, runId] : memory.runIds,
    });
  }
  if (turn.state === 'pending') draft.emit({ op: 'setTurn', turnId, state: 'active' });
  for (const part of turn.parts) {
    if (part.kind === 'user' && part.delivery === 'pending')
      draft.putPart(turnId, { ...part, delivery: 'sent' });
  }
}

/** A turn whose end nobody reported goes on: it was only believed to be over. Others stay ended. */
export function reopen(draft: FoldDraft, turnId: string): void {
  const turn = draft.turn(turnId);
  if (turn?.state !== 'ended' || !draft.turnMemory(turnId).isOpenEnded) return;
  if (draft.state.currentTurnId !== null || draft.lastTurn?.id !== turnId) return;
  draft.removePart(turnId, outcomeNoticeId(turnId));
  draft.emit({
    op: 'setTurn',
    turnId,
    state: 'active',
    outcome: null,
    metrics: { ...turn.metrics, endedAt: null },
  });
  draft.rememberTurn(turnId, { isOpenEnded: false, hasActivity: true });
  draft.update({ currentTurnId: turnId, unwindingTurnId: null });
  reviveTools(draft, turn);
}

/** Calls that were closed only because the turn was believed to be over. */
function reviveTools(draft: FoldDraft, turn: Turn): void {
  const returned = draft.turnMemory(turn.id).returnedCallIds;
  for (const part of turn.parts) {
    if (part.kind !== 'tool' || part.state !== 'stopped' || returned.includes(part.id)) continue;
    const isRunning = part.startedAt !== null || draft.state.phase === 'runningTool';
    draft.putPart(turn.id, { ...part, state: isRunning ? 'running' : 'announced', endedAt: null });
  }
}

export function endTurn(draft: FoldDraft, turnId: string, outcome: Outcome): void {
  const turn = draft.turn(turnId);
  if (turn === null) return;
  for (const part of turn.parts) closePart(draft, turnId, part, outcome);
  settleRetries(draft, turnId);
  if (outcome.kind === 'completed' && !turn.parts.some(isReply)) {
    draft.putPart(turnId, {
      kind: 'notice',
      id: outcomeNoticeId(turnId),
      code: 'info',
      level: 'info',
      text: 'No reply: the model ended its turn without a word.',
      detail: '',
      retry: null,
      actions: [],
    });
  }
  const notice = outcomeNotice(turnId, outcome);
  if (notice !== null) draft.putPart(turnId, notice);
  draft.emit({
    op: 'setTurn',
    turnId,
    state: 'ended',
    outcome,
    metrics: { ...metricsOf(turn.metrics, draft.turnMemory(turnId)), endedAt: draft.at },
  });
  if (draft.state.currentTurnId === turnId) draft.update({ currentTurnId: null });
}

function isReply(part: Part): boolean {
  return part.kind === 'text' || part.kind === 'tool' || (part.kind === 'notice' && part.code === 'command');
}

function closePart(draft: FoldDraft, turnId: string, part: Part, outcome: Outcome): void {
  if (part.kind === 'reasoning' && part.endedAt === null) {
    draft.putPart(turnId, { ...part, endedAt: draft.at });
  } else if (part.kind === 'tool' && !isSettled(part)) {
    draft.putPart(turnId, closedTool(part, outcome, draft.at));
  } else if (part.kind === 'user' && part.delivery === 'pending' && outcome.kind !== 'interrupted') {
    // A turn that the server ended is one that it took.
    draft.putPart(turnId, { ...part, delivery: 'sent' });
  }
}

export function closedTool(tool: ToolPart, outcome: Outcome | null, at: number | null): ToolPart {
  const isStopped = outcome === null || outcome.kind === 'stopped' || outcome.kind === 'interrupted';
  return {
    ...tool,
    state: isStopped ? 'stopped' : 'failed',
    output: !isStopped && tool.output === '' ? NO_RESULT : tool.output,
    endedAt: tool.endedAt ?? at,
    approval:
      tool.approval?.state === 'pending' || tool.approval?.state === 'answering'
        ? { ...tool.approval, state: tool.state === 'running' ? 'allowed' : 'expired' }
        : tool.approval,
  };
}

/** A result is there: a question that is still open was answered elsewhere. */
export function answeredElsewhere(approval: Approval | null): Approval | null {
  if (approval?.state === 'answering') return { ...approval, state: 'allowed' };
  if (approval?.state === 'pending') return { ...approval, state: 'expired' };
  return approval;
}

export function isSettled(tool: ToolPart): boolean {
  return (
    tool.state === 'done' || tool.state === 'failed' || tool.state === 'denied' || tool.state === 'stopped'
  );
}

export function retryNoticeId(turnId: string): string {
  return `${turnId}:retry`;
}

/**
 * The attempts are over. Where a part of the reply had come before the retry, the reader sees it twice: the row stays
 * as an explanation; otherwise nothing is left to say.
 */
export function settleRetries(draft: FoldDraft, turnId: string): void {
  const turn = draft.turn(turnId);
  const index = turn?.parts.findIndex((part) => part.id === retryNoticeId(turnId)) ?? -1;
  const notice = turn?.parts[index];
  if (turn === null || notice?.kind !== 'notice' || notice.retry === null) return;
  const hadReply = turn.parts
    .slice(0, index)
    .some((part) => part.kind === 'text' || part.kind === 'reasoning');
  if (!hadReply) draft.removePart(turnId, notice.id);
  else {
    draft.putPart(turnId, {
      ...notice,
      code: 'info',
      level: 'info',
      text: `The reply broke off here and was started again. (${notice.text})`,
      retry: null,
      actions: [],
    });
  }
}

/** Tokens as the server counted them, and our estimate for the runs it has not counted. */
export function metricsOf(metrics: TurnMetrics, memory: TurnMemory): TurnMetrics {
  let outputTokens = 0;
  let inputTokens = 0;
  let uncounted = 0;
  for (const usage of memory.usage.values()) {
    outputTokens += usage.outputTokens;
    inputTokens += usage.inputTokens;
  }
  for (const [runId, chars] of memory.chars) if (!memory.usage.has(runId)) uncounted += chars;
  return {
    ...metrics,
    outputTokens: outputTokens + Math.ceil(uncounted / CHARS_PER_TOKEN),
    inputTokens,
    isEstimated: uncounted > 0 || memory.usage.size === 0,
    steps: Math.max(memory.runIds.length, memory.usage.size),
  };
}

export function updateMetrics(draft: FoldDraft, turn: Turn): void {
  const metrics = metricsOf(turn.metrics, draft.turnMemory(turn.id));
  draft.emit({ op: 'setTurn', turnId: turn.id, metrics });
}

import type { Outcome } from '../shared/transcript.ts';
import { partIn } from './foldDraft.ts';
import type { FoldDraft } from './foldDraft.ts';
import { outcomeOf } from './failure.ts';
import type { LettaEvent } from './lettaEvent.ts';
import { acceptOrder, closeReasoning, noteToken, recovered, turnOf } from './foldParts.ts';
import { endTurn, reopen, runningTurnOfRun, showActivity, startTurn, updateMetrics } from './foldTurns.ts';
import { toolsExecuting } from './foldTools.ts';

type EventOf<T extends LettaEvent['type']> = Extract<LettaEvent, { type: T }>;

export function textDelta(draft: FoldDraft, event: EventOf<'textDelta'> | EventOf<'reasoningDelta'>): void {
  const kind = event.type === 'textDelta' ? 'text' : 'reasoning';
  const anywhere = draft.find(kind, event.partId);
  const turnId = turnOf(draft, anywhere?.turn.id ?? null, event.order, event.partId);
  if (!acceptOrder(draft, turnId, event.partId, event.order)) return;
  recovered(draft, turnId);
  if (event.text === '') return;
  noteToken(draft, turnId, event.order, event.text.length);
  const turn = draft.turn(turnId);
  const part = turn === null ? null : partIn(turn, kind, event.partId);
  if (part !== null) {
    draft.emit({ op: 'append', turnId, partId: part.id, offset: part.text.length, text: event.text });
    return;
  }
  closeReasoning(draft, turnId, event.partId);
  if (kind === 'text') {
    draft.addPart(turnId, { kind, id: event.partId, text: event.text });
  } else {
    const isEnded = turn?.state === 'ended';
    draft.addPart(turnId, {
      kind,
      id: event.partId,
      text: event.text,
      startedAt: draft.at,
      endedAt: isEnded ? draft.at : null,
    });
  }
}

export function phaseChanged(draft: FoldDraft, event: EventOf<'phaseChanged'>): void {
  const { state } = draft;
  if (state.phase !== event.phase) draft.update({ phase: event.phase, phaseSince: draft.at });
  for (const { runId, clientIds } of event.promptsByRun ?? []) {
    if (event.runIds.includes(runId)) beginUnseen(draft, runId, clientIds);
    promptsTaken(draft, runId, clientIds);
  }
  if (event.phase === 'idle') {
    draft.remember({ activeSince: null });
  } else {
    if (state.memory.activeSince === null) draft.remember({ activeSince: draft.at });
    // Changing mode or folder runs as a command beside the turns.
    if (event.phase !== 'runningCommand') workGoesOn(draft, event.runIds);
  }
  toolsExecuting(draft, event.executingCallIds);
}

function workGoesOn(draft: FoldDraft, runIds: readonly string[]): void {
  const last = draft.state.memory.turns.at(-1);
  if (draft.state.currentTurnId === null && draft.state.unwindingTurnId === null && last !== undefined) {
    if (runIds.some((runId) => last.runIds.includes(runId))) reopen(draft, last.turnId);
  }
  const { currentTurnId } = draft.state;
  if (currentTurnId === null) return;
  showActivity(draft, currentTurnId, null);
  for (const runId of runIds) showActivity(draft, currentTurnId, runId);
}

/** A run has taken messages that still stand in the queue here: they were never echoed (PROTOCOL b.12). */
function promptsTaken(draft: FoldDraft, runId: string, clientIds: readonly string[]): void {
  const taken = draft.state.queue.filter((entry) => clientIds.includes(entry.clientId));
  for (const entry of taken) {
    draft.update({ queue: draft.state.queue.filter((other) => other !== entry) });
    if (draft.find('user', entry.clientId) !== null) continue;
    const { clientId, text, attachments } = entry;
    const part = {
      kind: 'user',
      id: clientId,
      text,
      attachments,
      delivery: 'sent',
      origin: 'person',
    } as const;
    const turnId = runningTurnOfRun(draft, runId);
    if (turnId !== null) draft.addPart(turnId, part);
    else {
      const started = startTurn(draft, clientId, 'active', [part]);
      showActivity(draft, started, runId);
    }
  }
}

/**
 * A turn that nobody here saw begin. Another window's: its prompt is echoed only when it went through the queue. It has the name it has
 * there, and gets the prompt from the history.
 */
function beginUnseen(draft: FoldDraft, runId: string, clientIds: readonly string[]): void {
  const [first] = clientIds;
  const { currentTurnId, unwindingTurnId, queue } = draft.state;
  if (first === undefined || currentTurnId !== null || unwindingTurnId !== null) return;
  const isKnown = (clientId: string): boolean =>
    draft.turn(clientId) !== null ||
    draft.find('user', clientId) !== null ||
    queue.some((entry) => entry.clientId === clientId);
  if (draft.state.memory.turns.some((turn) => turn.runIds.includes(runId))) return;
  const last = draft.lastTurn;
  if (last?.parts.some((part) => part.kind === 'user' && clientIds.includes(part.id)) === true) {
    // It was believed to be over before its run was heard of: the connection went away in between.
    reopen(draft, last.id);
    if (draft.state.currentTurnId === last.id) showActivity(draft, last.id, runId);
    return;
  }
  if (clientIds.some(isKnown)) return;
  showActivity(draft, startTurn(draft, first, 'active', []), runId);
}

export function usage(draft: FoldDraft, event: EventOf<'usage'>): void {
  if (event.contextTokens !== null) draft.update({ contextTokens: event.contextTokens });
  const { currentTurnId, unwindingTurnId, memory } = draft.state;
  const turnId =
    runningTurnOfRun(draft, event.runId) ??
    currentTurnId ??
    unwindingTurnId ??
    memory.turns.findLast((turn) => turn.runIds.includes(event.runId))?.turnId;
  const turn = turnId === undefined ? null : draft.turn(turnId);
  if (turn === null) return;
  const known = draft.turnMemory(turn.id).usage;
  const { inputTokens, outputTokens } = event;
  draft.rememberTurn(turn.id, { usage: new Map(known).set(event.runId, { inputTokens, outputTokens }) });
  updateMetrics(draft, turn);
}

export function turnFinished(draft: FoldDraft, event: EventOf<'turnFinished'>): void {
  const turnId = finishedTurn(draft, event.runId ?? null);
  if (turnId === null) return;
  draft.remember({ finishedBy: draft.source });
  if (turnId === draft.state.unwindingTurnId) {
    draft.update({ unwindingTurnId: null });
    return;
  }
  const { lastError } = draft.turnMemory(turnId);
  const isKnownReason = event.reason !== null && event.reason !== 'unknown';
  const outcome = outcomeOf(
    event.stopReason,
    event.message === '' ? (lastError?.message ?? '') : event.message,
    isKnownReason ? event.reason : (lastError?.reason ?? event.reason),
  );
  finish(draft, turnId, outcome);
}

/** The turn that ended; null: one whose end was reported before, over this or another connection. */
function finishedTurn(draft: FoldDraft, runId: string | null): string | null {
  const { currentTurnId, unwindingTurnId, memory } = draft.state;
  const running = runningTurnOfRun(draft, runId);
  if (running !== null) return running;
  if (unwindingTurnId !== null) return unwindingTurnId;
  if (currentTurnId === null) return null;
  const current = draft.turnMemory(currentTurnId);
  const isOfEarlier = runId !== null && memory.turns.some((turn) => turn.runIds.includes(runId));
  const isRepeated = memory.finishedBy !== null && memory.finishedBy !== draft.source;
  return isOfEarlier || (!current.hasActivity && isRepeated) ? null : currentTurnId;
}

function finish(draft: FoldDraft, turnId: string, outcome: Outcome): void {
  endTurn(draft, turnId, outcome);
  dropTurnsBefore(draft, turnId);
  draft.rememberTurn(turnId, {
    isOpenEnded: false,
    awaitsTerminalError: outcome.kind === 'failed' || outcome.kind === 'cutOff',
  });
  draft.remember({ finishedBy: draft.source, activeSince: null });
}

/** A turn that still runs when a later one has ended was lost by the server (PROTOCOL b.12). */
function dropTurnsBefore(draft: FoldDraft, turnId: string): void {
  const { turns } = draft.state.transcript;
  for (const turn of turns.slice(
    0,
    turns.findIndex((other) => other.id === turnId),
  )) {
    if (turn.state === 'ended') continue;
    endTurn(draft, turn.id, { kind: 'interrupted', message: 'The server did not finish this turn.' });
    draft.rememberTurn(turn.id, { isOpenEnded: true });
  }
}

/** One model call ended; the turn goes on with the next one or ends by `turnFinished`. */
export function stepStopped(draft: FoldDraft, event: EventOf<'stepStopped'>): void {
  const { currentTurnId } = draft.state;
  if (currentTurnId !== null) showActivity(draft, currentTurnId, event.runId);
}

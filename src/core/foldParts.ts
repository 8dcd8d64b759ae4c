import type { FoldDraft } from './foldDraft.ts';
import { reopen, runningTurnOfRun, settleRetries, showActivity, turnOfRun } from './foldTurns.ts';
import type { DeltaOrder } from './lettaEvent.ts';

/** The turn of a delta: the running one that has its run; else that of the part, if it is there; else by the run. */
export function turnOf(
  draft: FoldDraft,
  ofPart: string | null,
  order: DeltaOrder | null,
  newId: string,
): string {
  const runId = order?.runId ?? null;
  const known = runningTurnOfRun(draft, runId) ?? ofPart;
  if (known === null) return turnOfRun(draft, runId, newId);
  reopen(draft, known);
  if (draft.turn(known)?.state !== 'ended') showActivity(draft, known, runId);
  return known;
}

/** False: this delta was received before, over this or another connection. */
export function acceptOrder(
  draft: FoldDraft,
  turnId: string,
  partId: string,
  order: DeltaOrder | null,
): boolean {
  if (order === null) return true;
  const orders = draft.turnMemory(turnId).orders;
  const last = orders.get(partId);
  if (last?.runId === order.runId) {
    const isNew = last.source === draft.source ? order.seq >= last.seq : order.seq > last.seq;
    if (!isNew) return false;
  }
  draft.rememberTurn(turnId, {
    orders: new Map(orders).set(partId, { source: draft.source, runId: order.runId, seq: order.seq }),
  });
  return true;
}

/** The first token, and the count of characters that stands in for the server's usage. */
export function noteToken(draft: FoldDraft, turnId: string, order: DeltaOrder | null, chars: number): void {
  const turn = draft.turn(turnId);
  if (turn === null) return;
  const runId = order?.runId ?? '';
  const memory = draft.turnMemory(turnId);
  draft.rememberTurn(turnId, {
    chars: new Map(memory.chars).set(runId, (memory.chars.get(runId) ?? 0) + chars),
  });
  if (turn.metrics.firstTokenAt === null && turn.state !== 'ended') {
    draft.emit({ op: 'setTurn', turnId, metrics: { ...turn.metrics, firstTokenAt: draft.at } });
  }
}

/** Thinking ends when anything else follows it. */
export function closeReasoning(draft: FoldDraft, turnId: string, exceptId: string | null): void {
  for (const part of draft.turn(turnId)?.parts ?? []) {
    if (part.kind === 'reasoning' && part.endedAt === null && part.id !== exceptId) {
      draft.putPart(turnId, { ...part, endedAt: draft.at });
    }
  }
}

/** The model answers again after failed attempts. */
export function recovered(draft: FoldDraft, turnId: string): void {
  const memory = draft.turnMemory(turnId);
  if (memory.lastError !== null) draft.rememberTurn(turnId, { lastError: null });
  settleRetries(draft, turnId);
}

import type { TranscriptPatch } from '../shared/patch.ts';
import type { Turn } from '../shared/transcript.ts';

/**
 * Patches that make `before` into `after`. For what history brings only: what streams says itself what it changes.
 * Turns and parts that both have must stand in the same order.
 */
export function diffTurns(before: readonly Turn[], after: readonly Turn[]): readonly TranscriptPatch[] {
  const patches: TranscriptPatch[] = [];
  const kept = new Set(after.map((turn) => turn.id));
  for (const turn of before) if (!kept.has(turn.id)) patches.push({ op: 'removeTurn', turnId: turn.id });
  const known = new Map(before.map((turn) => [turn.id, turn]));
  let beforeId: string | null = null;
  for (const turn of after.toReversed()) {
    const old = known.get(turn.id);
    if (old === undefined) patches.push({ op: 'addTurn', turn, beforeId });
    else if (old !== turn) patches.push(...diffTurn(old, turn));
    beforeId = turn.id;
  }
  return patches;
}

function diffTurn(before: Turn, after: Turn): readonly TranscriptPatch[] {
  const turnId = after.id;
  const patches: TranscriptPatch[] = [];
  const kept = new Set(after.parts.map((part) => part.id));
  for (const part of before.parts) {
    if (!kept.has(part.id)) patches.push({ op: 'removePart', turnId, partId: part.id });
  }
  const known = new Map(before.parts.map((part) => [part.id, part]));
  let beforeId: string | null = null;
  for (const part of after.parts.toReversed()) {
    const old = known.get(part.id);
    if (old === undefined) patches.push({ op: 'addPart', turnId, part, beforeId });
    else if (JSON.stringify(old) !== JSON.stringify(part)) patches.push({ op: 'setPart', turnId, part });
    beforeId = part.id;
  }
  const { state, outcome, metrics } = after;
  if (state !== before.state || outcome !== before.outcome || metrics !== before.metrics) {
    patches.push({ op: 'setTurn', turnId, state, outcome, metrics });
  }
  return patches;
}

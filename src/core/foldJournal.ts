import type { NoticePart, Part, Turn } from '../shared/transcript.ts';
import type { FoldDraft } from './foldDraft.ts';
import { closedTool, isSettled } from './foldTurns.ts';
import { outcomeNotice, outcomeNoticeId } from './failure.ts';
import type { JournalRecord } from './journal.ts';
import type { LettaEvent } from './lettaEvent.ts';
import { diffTurns } from './transcriptDiff.ts';

const WINDOW_ENDED = 'This window was closed or restarted while the reply was being written.';

/**
 * Lays what the person saw over what the server's history tells: a turn that history has gets back what it lacks (a
 * partial reply, figures, how it ended); a turn that it has not stands again where it stood, marked as not kept. What
 * this window saw itself is left alone.
 */
export function journalRead(draft: FoldDraft, event: Extract<LettaEvent, { type: 'journalRead' }>): void {
  for (const read of event.records) {
    const before = draft.state.transcript.turns;
    const known = before.find((turn) => isSame(turn, read.turn));
    const record = { ...read, turn: withoutShown(draft, read.turn, known ?? null) };
    if (known === undefined) putBack(draft, record);
    else if (known.state !== 'ended') keepBeginning(draft, known, record.turn);
    else if (known.metrics.startedAt === null) {
      // The prompts of the first turn may stand on an older page.
      const isCut = known === before[0] && draft.state.transcript.hasOlder;
      const seen = withPromptsNotKept(ended(record.turn), known, isCut);
      const after = before.flatMap((turn) => (turn === known ? laidOver(known, seen) : [turn]));
      for (const patch of diffTurns(before, after)) draft.emit(patch);
    }
  }
}

/** By its name, which is its first prompt's, or by anything it holds. */
function isSame(turn: Turn, seen: Turn): boolean {
  if (turn.id === seen.id) return true;
  return turn.parts.some(
    (part) =>
      part.kind !== 'notice' &&
      ((part.kind === 'user' && part.id === seen.id) ||
        seen.parts.some((other) => other.kind === part.kind && other.id === part.id)),
  );
}

/** A prompt that the history of its turn lacks was lost there, unless it never left. */
function withPromptsNotKept(seen: Turn, known: Turn, isCut: boolean): Turn {
  const parts = seen.parts.flatMap((part): readonly Part[] => {
    if (part.kind !== 'user' || part.delivery === 'unsent') return [part];
    if (known.parts.some((other) => other.kind === 'user' && other.id === part.id)) return [part];
    return isCut ? [] : [{ ...part, delivery: 'notKept' }];
  });
  return { ...seen, parts };
}

/** Everything is shown once: what stands in another turn or in the queue by now does not come again. */
function withoutShown(draft: FoldDraft, seen: Turn, known: Turn | null): Turn {
  const isElsewhere = (part: Part): boolean => {
    if (part.kind === 'notice') return false;
    const holder = draft.find(part.kind, part.id)?.turn ?? null;
    const isQueued = draft.state.queue.some((entry) => entry.clientId === part.id);
    return (isQueued && part.kind === 'user') || (holder !== null && holder !== known);
  };
  return { ...seen, parts: seen.parts.filter((part) => !isElsewhere(part)) };
}

/** It runs on: since when is known from before. */
function keepBeginning(draft: FoldDraft, known: Turn, seen: Turn): void {
  const { startedAt, firstTokenAt } = seen.metrics;
  if (startedAt === null || startedAt >= (known.metrics.startedAt ?? Infinity)) return;
  draft.emit({ op: 'setTurn', turnId: known.id, metrics: { ...known.metrics, startedAt, firstTokenAt } });
}

/** Not before its place is known: the turn it came after may be on an older page. */
function putBack(draft: FoldDraft, { turn, afterTurnId }: JournalRecord): void {
  const { turns, hasOlder } = draft.state.transcript;
  if (turn.parts.every((part) => part.kind === 'notice')) return;
  const index = afterTurnId === null ? -1 : turns.findIndex((other) => other.id === afterTurnId);
  if (index < 0 && hasOlder) return;
  const seen = ended(turn);
  const parts = seen.parts.map((part): Part =>
    part.kind === 'user' && part.delivery !== 'unsent' ? { ...part, delivery: 'notKept' } : part,
  );
  draft.emit({ op: 'addTurn', beforeId: turns[index + 1]?.id ?? null, turn: { ...seen, parts } });
}

/** A turn that was written down while it ran did not end that the person saw. */
function ended(turn: Turn): Turn {
  const parts = turn.parts.map((part): Part => {
    if (part.kind === 'tool' && !isSettled(part)) return closedTool(part, null, null);
    return part.kind === 'reasoning' ? { ...part, endedAt: part.endedAt ?? part.startedAt } : part;
  });
  if (turn.state === 'ended') return { ...turn, parts };
  const outcome = { kind: 'interrupted', message: WINDOW_ENDED } as const;
  const row = outcomeNotice(turn.id, outcome);
  return { ...turn, state: 'ended', outcome, parts: row === null ? parts : [...parts, row] };
}

/**
 * History alone does not tell a prompt that was never answered from one that was taken together with the next: what
 * follows it in the same turn, and was not seen there, is a turn of its own.
 */
function laidOver(known: Turn, seen: Turn): readonly Turn[] {
  const isSeen = (id: string): boolean => seen.parts.some((part) => part.kind === 'user' && part.id === id);
  const index = known.parts.findIndex((part, at) => at > 0 && part.kind === 'user' && !isSeen(part.id));
  const next = known.parts[index];
  if (next === undefined) return [completed(known, seen)];
  const first = { ...known, parts: known.parts.slice(0, index) };
  const rest = known.parts.slice(index);
  const isInRest = (part: Part): boolean =>
    rest.some((other) => other.kind === part.kind && other.id === part.id);
  const own = { ...seen, parts: seen.parts.filter((part) => !isInRest(part)) };
  return [completed(first, own), { ...known, id: next.id, parts: rest }];
}

/** What history has of a turn, with what was seen of it. */
function completed(known: Turn, seen: Turn): Turn {
  const parts = [...known.parts];
  let lastIndex = -1;
  let isMissing = false;
  for (const part of seen.parts) {
    const index = parts.findIndex((other) => other.kind === part.kind && other.id === part.id);
    const other = parts[index];
    if (other === undefined) {
      if (parts.some((one) => one.id === part.id)) continue;
      lastIndex = lastIndex < 0 && part.kind !== 'user' ? parts.length : lastIndex + 1;
      parts.splice(lastIndex, 0, part);
      isMissing ||= part.kind === 'text' || part.kind === 'reasoning' || part.kind === 'tool';
      continue;
    }
    lastIndex = index;
    const longer = fuller(other, part);
    isMissing ||= longer !== other && part.kind === 'text';
    parts[index] = longer;
  }
  const row = outcomeNoticeId(seen.id);
  const isTold = parts.some((part) => part.kind === 'notice' && part.id === row && part.actions.length > 0);
  if (isMissing && !isTold) parts.push(notKept(known.id));
  return { ...known, outcome: seen.outcome, metrics: seen.metrics, parts };
}

/** The longer of two texts where one continues the other; the server's otherwise. */
function fuller(kept: Part, seen: Part): Part {
  const isText = (part: Part) => part.kind === 'text' || part.kind === 'reasoning';
  if (!isText(kept) || !isText(seen)) return kept;
  return seen.text.length > kept.text.length && seen.text.startsWith(kept.text) ? seen : kept;
}

function notKept(turnId: string): NoticePart {
  return {
    kind: 'notice',
    id: `${turnId}:notKept`,
    code: 'info',
    level: 'info',
    text: 'Letta did not keep all of this reply: the agent no longer sees it.',
    detail: '',
    retry: null,
    actions: [],
  };
}

import type { Outcome, Part, Transcript, Turn, TurnMetrics } from './transcript.ts';

/**
 * One change of a transcript. The host's reducer emits patches; host and webviews apply them with the same function,
 * so both sides hold the same transcript by construction. Every patch names its target by id.
 */
export type TranscriptPatch =
  | { readonly op: 'reset'; readonly transcript: Transcript }
  /** Puts `turn` before the turn `beforeId`, or last. */
  | { readonly op: 'addTurn'; readonly turn: Turn; readonly beforeId: string | null }
  | { readonly op: 'removeTurn'; readonly turnId: string }
  | {
      readonly op: 'setTurn';
      readonly turnId: string;
      readonly state?: Turn['state'];
      readonly outcome?: Outcome | null;
      readonly metrics?: TurnMetrics;
    }
  | { readonly op: 'addPart'; readonly turnId: string; readonly part: Part; readonly beforeId: string | null }
  | { readonly op: 'setPart'; readonly turnId: string; readonly part: Part }
  | { readonly op: 'removePart'; readonly turnId: string; readonly partId: string }
  /**
   * Appends to `text` of a text or reasoning part, to `args` of a tool part. `offset` is the length (UTF-16 units)
   * before it: a patch whose offset does not match was lost, doubled or reordered, and `applyPatch` throws.
   */
  | {
      readonly op: 'append';
      readonly turnId: string;
      readonly partId: string;
      readonly offset: number;
      readonly text: string;
    }
  /** Older turns read from the server, oldest first, put before all others. */
  | { readonly op: 'prepend'; readonly turns: readonly Turn[]; readonly hasOlder: boolean };

/** The patch does not fit the transcript: the receiver has to ask for a snapshot. */
export class PatchMismatchError extends Error {
  override readonly name = 'PatchMismatchError';
}

export function applyPatches(transcript: Transcript, patches: readonly TranscriptPatch[]): Transcript {
  let next = transcript;
  for (const patch of patches) next = applyPatch(next, patch);
  return next;
}

/** @throws {PatchMismatchError} */
export function applyPatch(transcript: Transcript, patch: TranscriptPatch): Transcript {
  switch (patch.op) {
    case 'reset':
      return patch.transcript;
    case 'addTurn':
      return { ...transcript, turns: insertBefore(transcript.turns, patch.turn, patch.beforeId) };
    case 'removeTurn': {
      const index = indexOf(transcript.turns, patch.turnId);
      return { ...transcript, turns: transcript.turns.toSpliced(index, 1) };
    }
    case 'prepend':
      return { turns: [...patch.turns, ...transcript.turns], hasOlder: patch.hasOlder };
    case 'setTurn':
      return withTurn(transcript, patch.turnId, (turn) => ({
        ...turn,
        ...(patch.state === undefined ? {} : { state: patch.state }),
        ...(patch.outcome === undefined ? {} : { outcome: patch.outcome }),
        ...(patch.metrics === undefined ? {} : { metrics: patch.metrics }),
      }));
    case 'addPart':
      return withTurn(transcript, patch.turnId, (turn) => ({
        ...turn,
        parts: insertBefore(turn.parts, patch.part, patch.beforeId),
      }));
    case 'setPart':
      return withPart(transcript, patch.turnId, patch.part.id, () => patch.part);
    case 'removePart':
      return withTurn(transcript, patch.turnId, (turn) => ({
        ...turn,
        parts: turn.parts.toSpliced(indexOf(turn.parts, patch.partId), 1),
      }));
    case 'append':
      return withPart(transcript, patch.turnId, patch.partId, (part) =>
        appended(part, patch.offset, patch.text),
      );
  }
}

function appended(part: Part, offset: number, text: string): Part {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      checkOffset(part.text.length, offset, part.id);
      return { ...part, text: part.text + text };
    case 'tool':
      checkOffset(part.args.length, offset, part.id);
      return { ...part, args: part.args + text };
    case 'user':
    case 'notice':
      throw new PatchMismatchError(`cannot append to ${part.kind} ${part.id}`);
  }
}

function checkOffset(length: number, offset: number, id: string): void {
  if (length !== offset) {
    throw new PatchMismatchError(`append to ${id} at ${String(offset)}, but it has ${String(length)}`);
  }
}

function withTurn(transcript: Transcript, turnId: string, change: (turn: Turn) => Turn): Transcript {
  const index = indexOf(transcript.turns, turnId);
  const turn = transcript.turns[index];
  if (turn === undefined) throw new PatchMismatchError(`no turn ${turnId}`);
  return { ...transcript, turns: transcript.turns.with(index, change(turn)) };
}

function withPart(
  transcript: Transcript,
  turnId: string,
  partId: string,
  change: (part: Part) => Part,
): Transcript {
  return withTurn(transcript, turnId, (turn) => {
    const index = indexOf(turn.parts, partId);
    const part = turn.parts[index];
    if (part === undefined) throw new PatchMismatchError(`no part ${partId}`);
    return { ...turn, parts: turn.parts.with(index, change(part)) };
  });
}

/** Searches from the end: what changes is nearly always the newest. */
function indexOf(items: readonly { readonly id: string }[], id: string): number {
  for (let index = items.length - 1; index >= 0; index--) {
    if (items[index]?.id === id) return index;
  }
  throw new PatchMismatchError(`no item ${id}`);
}

function insertBefore<T extends { readonly id: string }>(
  items: readonly T[],
  item: T,
  beforeId: string | null,
): readonly T[] {
  if (items.some((other) => other.id === item.id))
    throw new PatchMismatchError(`${item.id} is there already`);
  return beforeId === null ? [...items, item] : items.toSpliced(indexOf(items, beforeId), 0, item);
}

import { applyPatch } from '../shared/patch.ts';
import type { TranscriptPatch } from '../shared/patch.ts';
import type { Part, Turn } from '../shared/transcript.ts';
import { NEW_TURN_MEMORY } from './foldState.ts';
import type { FoldMemory, FoldState, TurnMemory } from './foldState.ts';
import type { StampedEvent } from './lettaEvent.ts';

/** Turns whose details (runs, orders, answers) are remembered: late events come for the newest ones only. */
const REMEMBERED_TURNS = 4;

export type PartOf<K extends Part['kind']> = Extract<Part, { kind: K }>;

export interface FoundPart<K extends Part['kind']> {
  readonly turn: Turn;
  readonly part: PartOf<K>;
}

/**
 * The working copy of one reduction. Every change of the transcript goes through `emit`, which is `applyPatch`: what a
 * receiver of the patches holds is what the fold holds.
 */
export class FoldDraft {
  readonly at: number;
  /** Where the event came from; '' for what happened on this side. */
  readonly source: string;
  /** For rows that have no id of their own: the same event always gives the same id. */
  readonly eventId: string;
  readonly patches: TranscriptPatch[] = [];
  #state: FoldState;

  constructor(state: FoldState, stamped: StampedEvent) {
    this.#state = state;
    this.at = stamped.at;
    this.source = stamped.stamp?.source ?? '';
    this.eventId =
      stamped.stamp === null
        ? `event:${String(stamped.at)}`
        : `event:${stamped.stamp.source}:${String(stamped.stamp.ordinal)}`;
  }

  get state(): FoldState {
    return this.#state;
  }

  update(changes: Partial<Omit<FoldState, 'transcript' | 'memory'>>): void {
    this.#state = { ...this.#state, ...changes };
  }

  remember(changes: Partial<FoldMemory>): void {
    this.#state = { ...this.#state, memory: { ...this.#state.memory, ...changes } };
  }

  emit(patch: TranscriptPatch): void {
    this.#state = { ...this.#state, transcript: applyPatch(this.#state.transcript, patch) };
    this.patches.push(patch);
  }

  turn(turnId: string): Turn | null {
    return this.#state.transcript.turns.findLast((turn) => turn.id === turnId) ?? null;
  }

  get currentTurn(): Turn | null {
    const id = this.#state.currentTurnId;
    return id === null ? null : this.turn(id);
  }

  get lastTurn(): Turn | null {
    return this.#state.transcript.turns.at(-1) ?? null;
  }

  find<K extends Part['kind']>(kind: K, id: string): FoundPart<K> | null {
    for (let index = this.#state.transcript.turns.length - 1; index >= 0; index--) {
      const turn = this.#state.transcript.turns[index];
      const part = turn === undefined ? null : partIn(turn, kind, id);
      if (turn !== undefined && part !== null) return { turn, part };
    }
    return null;
  }

  addPart(turnId: string, part: Part, beforeId: string | null = null): Part {
    const turn = this.turn(turnId);
    // Two servers' ids never meet in one turn, but a hostile one may reuse an id for another kind of part.
    const isTaken = turn?.parts.some((other) => other.id === part.id) ?? false;
    const own = isTaken ? { ...part, id: foreignId(part.kind, part.id) } : part;
    this.emit({ op: 'addPart', turnId, part: own, beforeId });
    return own;
  }

  /** Replaces the part, or adds it where it is not there yet; says nothing when nothing changed. */
  putPart(turnId: string, part: Part): void {
    const turn = this.turn(turnId);
    const old = turn === null ? null : partIn(turn, part.kind, part.id);
    if (old === null) this.addPart(turnId, part);
    else if (!isSame(old, part)) this.emit({ op: 'setPart', turnId, part: { ...part, id: old.id } });
  }

  removePart(turnId: string, partId: string): void {
    if (this.turn(turnId)?.parts.some((part) => part.id === partId) === true) {
      this.emit({ op: 'removePart', turnId, partId });
    }
  }

  uniqueTurnId(id: string): string {
    let unique = id;
    while (this.turn(unique) !== null) unique += "'";
    return unique;
  }

  turnMemory(turnId: string): TurnMemory {
    const known = this.#state.memory.turns.findLast((memory) => memory.turnId === turnId);
    return known ?? { ...NEW_TURN_MEMORY, turnId };
  }

  rememberTurn(turnId: string, changes: Partial<Omit<TurnMemory, 'turnId'>>): void {
    const turns = this.#state.memory.turns;
    const index = turns.findLastIndex((memory) => memory.turnId === turnId);
    const next = { ...this.turnMemory(turnId), ...changes };
    this.remember({
      turns: index < 0 ? [...turns, next].slice(-REMEMBERED_TURNS) : turns.with(index, next),
    });
  }
}

export function partIn<K extends Part['kind']>(turn: Turn, kind: K, id: string): PartOf<K> | null {
  const other = foreignId(kind, id);
  const found = turn.parts.findLast(
    (part): part is PartOf<K> => part.kind === kind && (part.id === id || part.id === other),
  );
  return found ?? null;
}

function foreignId(kind: Part['kind'], id: string): string {
  return `${kind}|${id}`;
}

function isSame(a: Part, b: Part): boolean {
  if (a === b) return true;
  const left = Object.entries({ ...a, id: '' });
  const right = new Map<string, unknown>(Object.entries({ ...b, id: '' }));
  return left.length === right.size && left.every(([key, value]) => Object.is(right.get(key), value));
}

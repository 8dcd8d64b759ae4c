import type { TranscriptPatch } from '../shared/patch.ts';
import type { Transcript, Turn } from '../shared/transcript.ts';

/** Turns shown at first; older ones follow on request (PERFORMANCE: newest window, older paged in). */
export const WINDOW_TURNS = 30;

/**
 * The newest part of a transcript that one view holds. Patches for turns outside are left out; what is shown stays
 * shown until the next snapshot.
 */
export class ViewWindow {
  #ids = new Set<string>();

  /** Starts anew with the newest turns. */
  open(transcript: Transcript): Transcript {
    const turns = transcript.turns.slice(-WINDOW_TURNS);
    this.#ids = new Set(turns.map((turn) => turn.id));
    return { turns, hasOlder: transcript.hasOlder || turns.length < transcript.turns.length };
  }

  /** `after` is the whole transcript once the patches were applied. */
  filter(patches: readonly TranscriptPatch[], after: Transcript): readonly TranscriptPatch[] {
    // `after` holds what follows a reset already.
    if (patches.some((patch) => patch.op === 'reset')) return [{ op: 'reset', transcript: this.open(after) }];
    return patches.flatMap((patch) => this.#translate(patch, after));
  }

  /** The turns before those shown that the host holds already; null when the server has to be asked. */
  older(transcript: Transcript): TranscriptPatch | null {
    const first = this.#firstShown(transcript.turns);
    if (first <= 0) return null;
    const start = Math.max(0, first - WINDOW_TURNS);
    const turns = transcript.turns.slice(start, first);
    for (const turn of turns) this.#ids.add(turn.id);
    return { op: 'prepend', turns, hasOlder: transcript.hasOlder || start > 0 };
  }

  #translate(patch: TranscriptPatch, after: Transcript): readonly TranscriptPatch[] {
    switch (patch.op) {
      case 'reset':
        return [];
      case 'addTurn':
        if (patch.beforeId !== null && !this.#ids.has(patch.beforeId)) return [];
        this.#ids.add(patch.turn.id);
        return [patch];
      case 'removeTurn':
        return this.#ids.delete(patch.turnId) ? [patch] : [];
      case 'setTurn':
      case 'addPart':
      case 'setPart':
      case 'removePart':
      case 'append':
        return this.#ids.has(patch.turnId) ? [patch] : [];
      case 'prepend': {
        // Shown only where it joins what is shown; else the view is told later, from memory.
        const joins = this.#firstShown(after.turns) === patch.turns.length;
        if (!joins) return [];
        for (const turn of patch.turns) this.#ids.add(turn.id);
        return [patch];
      }
    }
  }

  #firstShown(turns: readonly Turn[]): number {
    const index = turns.findIndex((turn) => this.#ids.has(turn.id));
    return index < 0 ? turns.length : index;
  }
}

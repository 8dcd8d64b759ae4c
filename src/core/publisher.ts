import type { TranscriptPatch } from '../shared/patch.ts';
import type { PanelFields } from '../shared/panel.ts';
import type { Clock, Disposable } from './ports.ts';

/** One screen frame: a view gets at most one update in this time (PERFORMANCE: 10,000 small posts cost 10x 100 large ones). */
export const FRAME_MS = 16;
/** Updates sent and not yet painted; with more the view is behind, and changes are gathered until it has caught up. */
const MAX_UNDER_WAY = 2;
/** A view that never answers (hidden pages are throttled) is sent the next update after this time all the same. */
const ACK_LIMIT_MS = 1000;
/** More gathered than this (a view that slept): a snapshot is cheaper to send and to apply. */
const MAX_GATHERED = 2000;

export interface PublisherTarget {
  update(seq: number, patches: readonly TranscriptPatch[], fields: Partial<PanelFields>): void;
  snapshot(seq: number): void;
}

/** Sends the changes of one session to one view: numbered, at most one post a frame, bounded by acknowledgements. */
export class Publisher implements Disposable {
  readonly #clock: Clock;
  readonly #target: PublisherTarget;
  #seq = 0;
  #lastAcked = 0;
  #isReady = false;
  #patches: TranscriptPatch[] = [];
  #fields: Partial<PanelFields> = {};
  #hasChanges = false;
  #timer: Disposable | null = null;
  #ackTimer: Disposable | null = null;
  #lastSentAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, target: PublisherTarget) {
    this.#clock = clock;
    this.#target = target;
  }

  /** The view said `ready` or `resync`: it gets a snapshot now and updates from then on. */
  restart(): void {
    this.#isReady = true;
    this.#clear();
    this.#seq++;
    this.#lastAcked = this.#seq;
    this.#target.snapshot(this.#seq);
  }

  /** The view is gone or reloading: nothing is sent until `restart`. */
  pause(): void {
    this.#isReady = false;
    this.#clear();
  }

  publish(patches: readonly TranscriptPatch[], fields: Partial<PanelFields>): void {
    if (!this.#isReady) return;
    this.#patches.push(...patches);
    this.#fields = { ...this.#fields, ...fields };
    this.#hasChanges = true;
    this.#schedule();
  }

  acknowledge(seq: number): void {
    if (seq <= this.#lastAcked || seq > this.#seq) return;
    this.#lastAcked = seq;
    this.#ackTimer?.dispose();
    this.#ackTimer = null;
    if (this.#hasChanges) this.#schedule();
  }

  dispose(): void {
    this.pause();
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    if (this.#seq - this.#lastAcked >= MAX_UNDER_WAY) {
      this.#ackTimer ??= this.#clock.after(ACK_LIMIT_MS, () => {
        this.#ackTimer = null;
        this.#lastAcked = this.#seq;
        if (this.#hasChanges) this.#schedule();
      });
      return;
    }
    const delayMs = Math.max(0, this.#lastSentAt + FRAME_MS - this.#clock.now());
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = null;
      this.#flush();
    });
  }

  #flush(): void {
    const patches = coalesce(this.#patches);
    const fields = this.#fields;
    this.#clear();
    this.#lastSentAt = this.#clock.now();
    this.#seq++;
    if (patches.length > MAX_GATHERED) {
      this.#lastAcked = this.#seq;
      this.#target.snapshot(this.#seq);
    } else {
      this.#target.update(this.#seq, patches, fields);
    }
  }

  #clear(): void {
    this.#patches = [];
    this.#fields = {};
    this.#hasChanges = false;
    this.#timer?.dispose();
    this.#timer = null;
    this.#ackTimer?.dispose();
    this.#ackTimer = null;
  }
}

/**
 * Fewer patches with the same effect: neighbouring appends to one part become one, of neighbouring replacements of one
 * part the last stays, and a reset makes all before it void.
 */
export function coalesce(patches: readonly TranscriptPatch[]): readonly TranscriptPatch[] {
  const merged: TranscriptPatch[] = [];
  for (const patch of patches) {
    const last = merged.at(-1);
    if (patch.op === 'reset') {
      merged.length = 0;
      merged.push(patch);
    } else if (
      patch.op === 'append' &&
      last?.op === 'append' &&
      last.turnId === patch.turnId &&
      last.partId === patch.partId &&
      last.offset + last.text.length === patch.offset
    ) {
      merged[merged.length - 1] = { ...last, text: last.text + patch.text };
    } else if (
      patch.op === 'setPart' &&
      last?.op === 'setPart' &&
      last.turnId === patch.turnId &&
      last.part.id === patch.part.id
    ) {
      merged[merged.length - 1] = patch;
    } else if (patch.op === 'setTurn' && last?.op === 'setTurn' && last.turnId === patch.turnId) {
      merged[merged.length - 1] = { ...last, ...patch };
    } else {
      merged.push(patch);
    }
  }
  return merged;
}

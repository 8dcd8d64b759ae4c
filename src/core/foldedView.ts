import type { TranscriptPatch } from '../shared/patch.ts';
import type { PanelFields } from '../shared/panel.ts';
import type { Turn } from '../shared/transcript.ts';
import { Emitter } from './emitter.ts';
import { INITIAL_FOLD, type FoldState } from './foldState.ts';
import type { StampedEvent } from './lettaEvent.ts';
import type { Disposable } from './ports.ts';
import { reduce } from './reduce.ts';
import { changedFields, turnOf } from './sessionView.ts';

export interface SessionChange {
  readonly patches: readonly TranscriptPatch[];
  readonly fields: Partial<PanelFields>;
}

/** Folds the events of one conversation and says what changed for those who look at it. */
export class FoldedView implements Disposable {
  readonly #derive: (fold: FoldState) => PanelFields;
  readonly #changed: Emitter<SessionChange>;
  readonly #turnEnded: Emitter<Turn>;
  #fold: FoldState = INITIAL_FOLD;
  #fields: PanelFields;
  #isDisposed = false;

  constructor(derive: (fold: FoldState) => PanelFields, onError: (error: unknown) => void) {
    this.#derive = derive;
    this.#changed = new Emitter(onError);
    this.#turnEnded = new Emitter(onError);
    this.#fields = derive(this.#fold);
  }

  get onDidChange() {
    return this.#changed.event;
  }

  get onDidEndTurn() {
    return this.#turnEnded.event;
  }

  get fold(): FoldState {
    return this.#fold;
  }

  get fields(): PanelFields {
    return this.#fields;
  }

  apply(stamped: StampedEvent): void {
    const running = this.#fold.currentTurnId;
    const { state, patches } = reduce(this.#fold, stamped);
    this.#fold = state;
    this.refresh(patches);
    const turn = running === state.currentTurnId ? null : turnOf(state, running);
    if (turn?.state === 'ended') this.#turnEnded.fire(turn);
  }

  /** Derives the fields again and tells what changed. */
  refresh(patches: readonly TranscriptPatch[] = []): void {
    if (this.#isDisposed) return;
    const before = this.#fields;
    this.#fields = this.#derive(this.#fold);
    const fields = changedFields(before, this.#fields);
    if (patches.length > 0 || Object.keys(fields).length > 0) this.#changed.fire({ patches, fields });
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#changed.dispose();
    this.#turnEnded.dispose();
  }
}

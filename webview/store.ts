import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { applyPatches, type TranscriptPatch } from '../src/shared/patch.ts';
import { IDLE, type PanelFields, type PanelState } from '../src/shared/panel.ts';
import {
  isSameRows,
  openApprovals,
  rowsOf,
  type PendingApproval,
  type RowSpec,
} from '../src/shared/selectors.ts';
import { PANEL_STRINGS, type PanelStrings } from '../src/shared/strings.ts';
import { EMPTY_TRANSCRIPT, type Part, type Transcript, type Turn } from '../src/shared/transcript.ts';

/** One turn as signals: a delta changes the signal of its part and no other. */
export class TurnModel {
  readonly id: string;
  readonly turn: Signal<Turn>;
  readonly state: Signal<Turn['state']>;
  readonly rows: Signal<readonly RowSpec[]>;
  readonly #parts = new Map<string, Signal<Part>>();

  constructor(turn: Turn) {
    this.id = turn.id;
    this.turn = signal(turn);
    this.state = signal(turn.state);
    this.rows = signal(rowsOf(turn.parts));
    for (const part of turn.parts) this.#parts.set(part.id, signal(part));
  }

  part(id: string): ReadonlySignal<Part> | undefined {
    return this.#parts.get(id);
  }

  /** Unchanged parts are the same objects in both turns (patches share structure), so most are left at once. */
  update(turn: Turn): void {
    const before = this.turn.peek();
    if (before === turn) return;
    this.turn.value = turn;
    this.state.value = turn.state;
    if (before.parts === turn.parts) return;
    for (const part of turn.parts) {
      const known = this.#parts.get(part.id);
      if (known === undefined) this.#parts.set(part.id, signal(part));
      else known.value = part;
    }
    if (before.parts.length > turn.parts.length) this.#forget(turn.parts);
    const rows = rowsOf(turn.parts);
    if (!isSameRows(this.rows.peek(), rows)) this.rows.value = rows;
  }

  #forget(parts: readonly Part[]): void {
    const ids = new Set(parts.map((part) => part.id));
    for (const id of this.#parts.keys()) if (!ids.has(id)) this.#parts.delete(id);
  }
}

/** The host's state, mirrored as signals. Written by messages of the host only. */
export class PanelStore {
  readonly key = signal('');
  /** Counts the conversations shown; the key of one may change when it gets its id. */
  readonly generation = signal(0);
  readonly link = signal<PanelState['link']>({
    state: 'none',
    text: '',
    detail: '',
    retryAt: null,
    actions: [],
  });
  readonly agent = signal<PanelState['agent']>(null);
  readonly conversation = signal<PanelState['conversation']>(null);
  readonly model = signal<PanelState['model']>(null);
  readonly mode = signal<PanelState['mode']>(null);
  readonly place = signal('');
  readonly folder = signal('');
  readonly canSend = signal(false);
  readonly blockedReason = signal('');
  readonly activity = signal(IDLE);
  readonly queue = signal<PanelState['queue']>([]);
  readonly attachments = signal<PanelState['attachments']>([]);
  readonly notices = signal<PanelState['notices']>([]);
  readonly setup = signal<PanelState['setup']>(null);
  readonly strings = signal<PanelStrings>(PANEL_STRINGS);
  readonly turns = signal<readonly TurnModel[]>([]);
  readonly hasOlder = signal(false);
  readonly approvals = signal<readonly PendingApproval[]>([]);
  /** False while what is shown is the webview's own kept copy, until the host's first snapshot. */
  readonly isLive = signal(false);
  #transcript: Transcript = EMPTY_TRANSCRIPT;

  get transcript(): Transcript {
    return this.#transcript;
  }

  /** All that is shown, for the copy that the webview keeps. */
  get state(): PanelState {
    return {
      key: this.key.peek(),
      link: this.link.peek(),
      agent: this.agent.peek(),
      conversation: this.conversation.peek(),
      model: this.model.peek(),
      mode: this.mode.peek(),
      place: this.place.peek(),
      folder: this.folder.peek(),
      canSend: this.canSend.peek(),
      blockedReason: this.blockedReason.peek(),
      activity: this.activity.peek(),
      queue: this.queue.peek(),
      attachments: this.attachments.peek(),
      notices: this.notices.peek(),
      setup: this.setup.peek(),
      transcript: this.#transcript,
    };
  }

  show(state: PanelState, strings: PanelStrings, isLive: boolean): void {
    batch(() => {
      this.isLive.value = isLive;
      this.strings.value = strings;
      if (this.key.peek() !== state.key) {
        this.key.value = state.key;
        this.generation.value++;
        this.turns.value = [];
      }
      this.#setFields(state);
      this.#setTranscript(state.transcript);
    });
  }

  /** @throws {PatchMismatchError} Nothing is changed then. */
  update(patches: readonly TranscriptPatch[], fields: Partial<PanelFields>): void {
    const transcript = applyPatches(this.#transcript, patches);
    batch(() => {
      this.#setFields(fields);
      if (transcript !== this.#transcript) this.#setTranscript(transcript);
    });
  }

  #setTranscript(transcript: Transcript): void {
    const before = this.#transcript;
    this.#transcript = transcript;
    this.hasOlder.value = transcript.hasOlder;
    if (before.turns === transcript.turns && this.turns.peek().length === transcript.turns.length) return;
    const known = new Map(this.turns.peek().map((model) => [model.id, model]));
    const models = transcript.turns.map((turn) => {
      const model = known.get(turn.id) ?? new TurnModel(turn);
      model.update(turn);
      return model;
    });
    const shown = this.turns.peek();
    if (models.length !== shown.length || models.some((model, index) => model !== shown[index])) {
      this.turns.value = models;
    }
    this.#setApprovals(openApprovals(transcript));
  }

  #setApprovals(approvals: readonly PendingApproval[]): void {
    const shown = this.approvals.peek();
    const isSame =
      approvals.length === shown.length && approvals.every(({ part }, index) => part === shown[index]?.part);
    if (!isSame) this.approvals.value = approvals;
  }

  #setFields(fields: Partial<PanelFields>): void {
    set(this.key, fields.key);
    set(this.link, fields.link);
    set(this.agent, fields.agent);
    set(this.conversation, fields.conversation);
    set(this.model, fields.model);
    set(this.mode, fields.mode);
    set(this.place, fields.place);
    set(this.folder, fields.folder);
    set(this.canSend, fields.canSend);
    set(this.blockedReason, fields.blockedReason);
    set(this.activity, fields.activity);
    set(this.queue, fields.queue);
    set(this.attachments, fields.attachments);
    set(this.notices, fields.notices);
    set(this.setup, fields.setup);
  }
}

function set<T>(target: Signal<T>, value: T | undefined): void {
  if (value !== undefined) target.value = value;
}

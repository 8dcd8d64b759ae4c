import { batch, effect, signal } from '@preact/signals';
import type { Draft, HostEvent } from '../src/shared/protocol.ts';
import type { NoticePart } from '../src/shared/transcript.ts';
import { DraftBox } from './draftBox.ts';
import type { Host, HostListener } from './host.ts';
import { persistedOf, readPersisted, type ScrollAnchor } from './persisted.ts';
import { PanelStore } from './store.ts';

const KEEP_PAUSE_MS = 1000;

export interface Announcement {
  readonly id: number;
  readonly text: string;
  readonly isUrgent: boolean;
}

/** One panel: what the host told (`store`), what is only the view's own, and what the person can do. */
export class Panel implements HostListener {
  readonly host: Host;
  readonly store = new PanelStore();
  readonly draftBox: DraftBox;
  /** Rows that the person opened or closed; others follow their own default. */
  readonly expanded = signal<ReadonlyMap<string, boolean>>(new Map());
  /** Stop was clicked, and the host has not said so yet. */
  readonly isStopRequested = signal(false);
  /** The end of the transcript is kept in view. */
  readonly isFollowing = signal(true);
  readonly announcement = signal<Announcement | null>(null);
  /** Counts the wishes to have the composer focused. */
  readonly focusCount = signal(0);
  /** Where the reading was before the page was made anew. */
  readonly restoredAnchor: ScrollAnchor | null;
  /** Set by the log: where the reading is now; null at the end. */
  readAnchor: () => ScrollAnchor | null = () => null;
  #announcements = 0;
  /** Sent before the host had answered `ready`: goes out with the snapshot if it is still what stands there. */
  #wantedText: string | null = null;
  #cancelKeeping: (() => void) | null = null;

  constructor(host: Host) {
    this.host = host;
    const kept = readPersisted(host.readState());
    this.draftBox = new DraftBox(host, kept?.draft ?? null);
    this.restoredAnchor = kept?.anchor ?? null;
    this.isFollowing.value = this.restoredAnchor === null;
    if (kept !== null) {
      this.expanded.value = new Map(kept.expanded);
      if (kept.snapshot !== null) this.store.show(kept.snapshot.state, kept.snapshot.strings, false);
    }
    host.start(this, kept?.draft ?? null);
    effect(() => {
      host.setTicking(this.#isCounting());
    });
    this.draftBox.draft.subscribe(() => {
      this.keep();
    });
  }

  snapshot(event: Extract<HostEvent, { type: 'snapshot' }>): void {
    batch(() => {
      if (this.store.key.peek() !== event.state.key) this.isFollowing.value = true;
      this.store.show(event.state, event.strings, true);
      this.isStopRequested.value = false;
      this.draftBox.receive(event.draft);
    });
    const wanted = this.#wantedText;
    this.#wantedText = null;
    // Another conversation than the one it was written for brings its own draft: that one was not sent by anybody.
    if (wanted !== null && this.draftBox.draft.peek().text === wanted) this.submit();
    this.keep();
  }

  update(event: Extract<HostEvent, { type: 'update' }>): void {
    batch(() => {
      this.store.update(event.patches, event.fields);
      if (event.fields.key !== undefined) this.draftBox.rename(event.fields.key);
      if (event.fields.activity !== undefined) this.isStopRequested.value = false;
    });
    this.keep();
  }

  draft(draft: Draft): void {
    this.draftBox.receive(draft);
  }

  focus(): void {
    this.focusCount.value++;
  }

  announce(text: string, isUrgent: boolean): void {
    this.announcement.value = { id: ++this.#announcements, text, isUrgent };
  }

  leave(): void {
    this.draftBox.tell();
    this.#keepNow();
  }

  /** Sends words that are not the composer's. False: not now. */
  send(text: string): boolean {
    if (!this.store.isLive.peek() || !this.store.canSend.peek()) return false;
    const { key } = this.draftBox.draft.peek();
    this.host.post({ type: 'submit', clientId: newClientId(), key, text });
    return true;
  }

  /** Sends what stands in the composer; says why when it cannot be sent yet. */
  submit(): void {
    const { key, text } = this.draftBox.draft.peek();
    if (text.trim() === '') return;
    if (!this.store.isLive.peek()) {
      this.#wantedText = text;
      return;
    }
    if (!this.store.canSend.peek()) {
      this.announce(this.store.blockedReason.peek() || this.store.strings.peek().emptyWaiting, false);
      return;
    }
    this.host.post({ type: 'submit', clientId: newClientId(), key, text });
    this.draftBox.setText('');
    this.draftBox.tell();
  }

  stop(): void {
    if (this.isStopRequested.peek()) return;
    this.isStopRequested.value = true;
    this.host.post({ type: 'stop' });
  }

  setExpanded(id: string, isExpanded: boolean): void {
    this.expanded.value = new Map(this.expanded.peek()).set(id, isExpanded);
    this.keep();
  }

  /** Keeps what is shown for the next page, soon: writing it costs as much as it is long. */
  keep(): void {
    this.#cancelKeeping ??= this.host.later(KEEP_PAUSE_MS, () => {
      this.#keepNow();
    });
  }

  #keepNow(): void {
    this.#cancelKeeping?.();
    this.#cancelKeeping = null;
    const { store } = this;
    // Before the host's first word there is nothing newer than what is kept, except the draft.
    if (store.key.peek() === '') return;
    const anchor = this.readAnchor();
    const draft = this.draftBox.draft.peek();
    this.host.writeState(persistedOf(store.state, store.strings.peek(), draft, anchor, this.expanded.peek()));
  }

  #isCounting(): boolean {
    if (!this.store.isLive.value) return false;
    if (this.store.activity.value.phase !== 'idle') return true;
    return this.store.turns.value.some((model) => {
      const turn = model.turn.value;
      return turn.state !== 'ended' && turn.parts.some((part) => part.kind === 'notice' && isRetrying(part));
    });
  }
}

function isRetrying(part: NoticePart): boolean {
  return part.retry !== null;
}

/** 128 random bits. `crypto.randomUUID` is missing where VS Code is served without TLS. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `vsc-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

import type { PanelState } from '../shared/panel.ts';
import type { Turn } from '../shared/transcript.ts';
import { Composer } from './composer.ts';
import { ConversationChannel } from './conversationChannel.ts';
import { Delivery, type Attempt, type OpenChannel } from './delivery.ts';
import { Emitter } from './emitter.ts';
import { FoldedView } from './foldedView.ts';
import type { Hub } from './hub.ts';
import { Journal, type JournalStore } from './journal.ts';
import { LettaError, type LettaConnection } from './lettaConnection.ts';
import type { LettaEvent, StampedEvent } from './lettaEvent.ts';
import { HISTORY_PAGE, Opening } from './opening.ts';
import { Notices } from './notices.ts';
import type { OutboxStore } from './outbox.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { sessionKey, turnOf, turnSummary, viewFields } from './sessionView.ts';
import type { HeldMessage, SessionTarget } from './sessionView.ts';
import { TurnControl } from './turnControl.ts';

export interface SessionOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly outbox: OutboxStore;
  readonly journal: JournalStore;
  /** Working directory of the agent's tools, absolute; null where there is no folder on disk. */
  readonly cwd: () => string | null;
  /** A folder as the person knows it. */
  readonly shownFolder: (path: string) => string;
  readonly attachmentBudgetBytes: () => number;
}

/** Owns one conversation: what was said, what is being sent, what the agent is doing. Views only show it. */
export class Session implements Disposable {
  readonly #options: SessionOptions;
  readonly #channel: ConversationChannel;
  readonly #notices: Notices;
  readonly composer: Composer;
  readonly #delivery: Delivery;
  readonly #control: TurnControl;
  readonly #opening: Opening;
  readonly #journal: Journal;
  readonly #view: FoldedView;
  readonly #retargeted: Emitter<{ readonly from: string; readonly to: string }>;
  readonly #textReturned: Emitter<string>;
  readonly #hubSubscription: Disposable;
  readonly #keys = new Set<string>();
  #target: SessionTarget;
  /** The last turn whose prompt was asked for, and whether it was over then. */
  #askedPromptOf = '';
  /** The way to the server is gone, and the fold knows. */
  #isLost = false;

  constructor(options: SessionOptions, target: SessionTarget) {
    const { hub, clock, logger, newId } = options;
    this.#options = options;
    this.#target = target;
    this.#keys.add(sessionKey(target));
    const onError = (error: unknown): void => {
      logger.error('A listener of the conversation failed', error);
    };
    this.#retargeted = new Emitter(onError);
    this.#textReturned = new Emitter(onError);
    const refresh = (): void => {
      this.#view.refresh();
    };
    this.#notices = new Notices(logger, newId, refresh);
    this.composer = new Composer(newId, options.attachmentBudgetBytes, refresh);
    const shared = {
      clock,
      logger,
      onChange: refresh,
      fold: () => this.#view.fold,
      apply: (event: LettaEvent) => {
        this.#apply(event);
      },
    };
    const attempt: Attempt = (what, action) => this.#attempt(what, action);
    this.#delivery = new Delivery({
      ...shared,
      store: options.outbox,
      onUnwritable: () => {
        this.#notices.say('The disk does not take your message: it is sent, but not kept until it arrives.');
      },
      channel: () => this.#openChannel(),
      attempt,
    });
    this.#control = new TurnControl({
      ...shared,
      ref: () => this.#channel.ref,
      connection: () => this.#openConnection(),
      attempt: async (what, action) => {
        // What a broker replays stands on the screen, and can be answered, a moment before the conversation is open.
        if (this.#opening.isUnderWay && this.#openConnection() === null) await this.#opening.open();
        return attempt(what, action);
      },
      issued: () => this.#delivery.issued(),
      onReturnText: (text) => {
        this.#textReturned.fire(text);
      },
    });
    const key = (): string | null => (this.#target.conversationId === null ? null : this.key);
    this.#journal = new Journal({ store: options.journal, clock, logger, key });
    this.#channel = new ConversationChannel((stamped) => {
      this.#take(stamped);
    });
    this.#opening = new Opening({
      ...options,
      channel: this.#channel,
      delivery: this.#delivery,
      journal: this.#journal,
      target: () => this.#target,
      keys: () => [...this.#keys],
      retarget: (next) => {
        this.#retarget(next);
      },
      onChange: refresh,
    });
    this.#view = new FoldedView(
      (fold) => viewFields(hub, { ...this.#facts(), fold, held: this.#delivery.heldIn(fold) }),
      onError,
    );
    this.#view.onDidEndTurn((turn) => {
      logger.info(turnSummary(turn));
      this.#delivery.turnEnded(turn);
      this.#journal.ended(turn, this.#view.fold);
      this.#askPromptOf(turn);
    });
    this.#hubSubscription = hub.onDidChange(() => {
      this.#onHubChanged();
    });
  }

  get onDidChange() {
    return this.#view.onDidChange;
  }

  /** A new conversation got its id, or an agent was found: drafts are kept by key. */
  get onDidRetarget() {
    return this.#retargeted.event;
  }

  get onDidEndTurn() {
    return this.#view.onDidEndTurn;
  }

  /** Stopped before the model answered: the text goes back to the composer. */
  get onDidReturnText() {
    return this.#textReturned.event;
  }

  get key(): string {
    return sessionKey(this.#target);
  }

  /** True also for the keys it had before the conversation was made. */
  answersTo(key: string): boolean {
    return this.#keys.has(key);
  }

  get target(): SessionTarget {
    return this.#target;
  }

  get state(): PanelState {
    return { ...this.#view.fields, transcript: this.#view.fold.transcript };
  }

  get isRunning(): boolean {
    return this.#view.fold.currentTurnId !== null;
  }

  get hasUnsent(): boolean {
    return this.#delivery.outbox.hasUnsent;
  }

  get isWaitingForPerson(): boolean {
    return this.#view.fields.activity.phase === 'waitingForApproval';
  }

  /** Connects, opens the conversation and reads its newest history. A failure is shown in the panel, not thrown. */
  async open(): Promise<void> {
    await this.#opening.open();
  }

  /** Takes the composer's attachments along. The same client id again does nothing. */
  submit(clientId: string, text: string): void {
    const message = this.composer.take(clientId, text);
    if (message !== null) this.#deliver(message);
  }

  /** A message that was written elsewhere and waits there no longer. */
  resubmit(message: HeldMessage): void {
    this.#deliver({ ...message, clientId: this.#options.newId() });
  }

  stop(): void {
    this.#control.stop();
  }

  /** `digest` is of the input the person saw; nothing is allowed that was not shown. */
  answerApproval(...answer: Parameters<TurnControl['answer']>): void {
    this.#control.answer(...answer);
  }

  /** Takes a message that was not sent yet out of the queue, with what it carried; null when it is gone already. */
  takeQueued(clientId: string): Promise<HeldMessage | null> {
    return this.#delivery.takeQueued(clientId);
  }

  sendQueuedNow(): void {
    const ref = this.#channel.ref;
    const hadUnsent = this.hasUnsent;
    for (const message of this.#delivery.release()) this.resubmit(message);
    if (ref === null || this.hasUnsent) void this.open();
    else if (!hadUnsent) void this.#attempt('Sending', (connection) => connection.resumeQueue(ref));
  }

  /** Sends a message again that the server did not take or keep: the same one, or where it had it before, a new one. */
  sendAgain(partId: string): void {
    const parts = this.#view.fold.transcript.turns.flatMap((turn) => turn.parts);
    const part = parts.find((one) => one.kind === 'user' && one.id === partId);
    if (part?.kind !== 'user') return;
    const anew = this.#delivery.again(part);
    if (anew !== null) this.#deliver({ ...anew, clientId: this.#options.newId() });
    else if (this.hasUnsent) void this.open();
  }

  /** Asks again what a failed turn asked. */
  retry(turnId: string): void {
    const prompt = turnOf(this.#view.fold, turnId)?.parts.findLast((part) => part.kind === 'user');
    if (prompt !== undefined) this.sendAgain(prompt.id);
  }

  continueTurn(): void {
    this.submit(this.#options.newId(), 'Continue.');
  }

  /** A copy of the conversation and what waited in this one; null when it could not be made. */
  async fork(): Promise<{
    readonly target: SessionTarget;
    readonly waiting: readonly HeldMessage[];
  } | null> {
    const ref = this.#channel.ref;
    if (ref === null) return null;
    let conversationId = '';
    const isMade = await this.#attempt('Copying the conversation', async (connection) => {
      conversationId = await connection.forkConversation(ref);
    });
    if (!isMade) return null;
    const queued = await Promise.all(this.state.queue.map((message) => this.takeQueued(message.clientId)));
    const target = { ...this.#target, conversationId, newId: this.#options.newId() };
    return { target, waiting: queued.filter((message) => message !== null) };
  }

  dismissNotice(id: string): void {
    this.#notices.dismiss(id);
  }

  /** What could not be read while it came stands in the history. */
  async readAgain(): Promise<void> {
    const ref = this.#channel.ref;
    if (ref === null) return;
    await this.#attempt('Reading the conversation', async (connection) => {
      await connection.readHistory(ref, null, HISTORY_PAGE);
    });
  }

  /** True when older turns came (as a patch). */
  async loadOlder(): Promise<boolean> {
    const ref = this.#channel.ref;
    const before = this.#view.fold.historyBefore;
    if (ref === null || before === null) return false;
    return this.#attempt('Reading earlier messages', async (connection) => {
      await connection.readHistory(ref, before, HISTORY_PAGE);
    });
  }

  async rename(title: string): Promise<void> {
    const ref = this.#channel.ref;
    this.#retarget({ ...this.#target, title });
    if (ref === null) return; // given to the server when the conversation is made
    await this.#attempt('Renaming', (connection) => connection.renameConversation(ref.conversationId, title));
  }

  async setModel(handle: string): Promise<void> {
    const ref = this.#channel.ref;
    this.#opening.modelHandle = handle;
    this.#view.refresh();
    if (ref !== null)
      await this.#attempt('Choosing the model', (connection) => connection.setModel(ref, handle));
  }

  dispose(): void {
    this.#opening.dispose();
    this.#control.dispose();
    this.#hubSubscription.dispose();
    this.#channel.dispose();
    this.#delivery.dispose();
    this.#journal.dispose();
    this.#view.dispose();
    this.#retargeted.dispose();
    this.#textReturned.dispose();
  }

  #deliver(message: HeldMessage): void {
    this.#notices.clear();
    const kept = { ...message, target: this.#target, writtenAt: this.#options.clock.now() };
    this.#delivery.submit(kept);
    if (this.hasUnsent) void this.open();
  }

  #onHubChanged(): void {
    const { hub } = this.#options;
    const isLost = hub.state.kind === 'failed' || hub.state.kind === 'waiting';
    if (isLost && !this.#isLost) this.#apply({ type: 'connectionLost', message: hub.state.error.message });
    this.#isLost = isLost;
    this.#view.refresh();
    if (hub.state.kind !== 'ready' || hub.setup !== null || this.#opening.isUnderWay) return;
    const isElsewhere = this.#channel.ref !== null && !this.#channel.isOpenOn(hub.state.connection);
    if (isElsewhere || this.#delivery.outbox.isWaiting) void this.open();
  }

  #openConnection(): LettaConnection | null {
    const connection = this.#channel.connection(this.#options.hub);
    return this.#channel.ref === null ? null : connection;
  }

  #openChannel(): OpenChannel | null {
    const connection = this.#openConnection();
    const ref = this.#channel.ref;
    return connection === null || ref === null || this.#opening.isReading ? null : { connection, ref };
  }

  #attempt(what: string, action: (connection: LettaConnection) => Promise<void>): Promise<boolean> {
    return this.#notices.attempt(what, async () => {
      const connection = this.#openConnection();
      if (connection === null) throw new LettaError('connectionLost', 'Letta is not connected.');
      await action(connection);
    });
  }

  #retarget(target: SessionTarget): void {
    const from = this.key;
    this.#target = target;
    const to = this.key;
    this.#keys.add(to);
    if (from !== to) this.#delivery.outbox.retarget(target);
    this.#view.refresh();
    this.#retargeted.fire({ from, to });
  }

  #apply(event: LettaEvent): void {
    this.#take({ event, at: this.#options.clock.now(), stamp: null });
  }

  #take(stamped: StampedEvent): void {
    this.#view.apply(stamped);
    this.#delivery.note(stamped.event);
    if (stamped.event.type === 'historyRead') {
      const { records } = this.#journal;
      if (records.length > 0) this.#apply({ type: 'journalRead', records });
    }
    this.#journal.follow(this.#view.fold);
    if (stamped.event.type === 'phaseChanged')
      this.#askPromptOf(turnOf(this.#view.fold, this.#view.fold.currentTurnId));
  }

  /** What another window asked is not always told (PROTOCOL b.12), but stands in the history. */
  #askPromptOf(turn: Turn | null): void {
    const channel = this.#openChannel();
    if (turn === null || channel === null || turn.parts.some(({ kind }) => kind === 'user')) return;
    const asked = `${turn.id} ${String(turn.state === 'ended')}`;
    if (asked === this.#askedPromptOf) return;
    this.#askedPromptOf = asked;
    channel.connection.readHistory(channel.ref, null, HISTORY_PAGE).catch((error: unknown) => {
      this.#options.logger.warn(`A prompt of another window could not be read: ${String(error)}`);
    });
  }

  #facts() {
    return {
      target: this.#target,
      agent: this.#opening.agent,
      modelHandle: this.#opening.modelHandle,
      attachments: this.composer.attachments,
      isOpening: this.#opening.isUnderWay,
      openError: this.#opening.error,
      isStopOverdue: this.#control.isStopOverdue,
      notices: this.#notices.all,
      shownFolder: this.#options.shownFolder,
    };
  }
}

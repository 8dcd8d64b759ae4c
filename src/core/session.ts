import { approvalDigest } from '../shared/approvalDigest.ts';
import type { PanelState, PermissionMode } from '../shared/panel.ts';
import { messageTexts, sentAttachment } from './attachments.ts';
import { Composer } from './composer.ts';
import { ConversationChannel } from './conversationChannel.ts';
import { Emitter } from './emitter.ts';
import { FoldedView } from './foldedView.ts';
import type { Hub } from './hub.ts';
import { LettaError, type AgentInfo, type LettaConnection } from './lettaConnection.ts';
import type { LettaEvent } from './lettaEvent.ts';
import { Notices } from './notices.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { approvalOf, sessionKey, titleFrom, turnOf, turnSummary, viewFields } from './sessionView.ts';
import type { HeldMessage, SessionTarget } from './sessionView.ts';

/** Messages read from the server at a time. */
const HISTORY_PAGE = 50;
/** After this long without the end of a stopped turn, the person is told what is known. */
const STOP_PATIENCE_MS = 5000;
/** "Ask before changes": the server's own default runs everything (PROTOCOL b.6). */
const MODE: PermissionMode = 'standard';

export interface SessionOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
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
  readonly #view: FoldedView;
  readonly #retargeted: Emitter<{ readonly from: string; readonly to: string }>;
  readonly #textReturned: Emitter<string>;
  readonly #hubSubscription: Disposable;
  readonly #keys = new Set<string>();
  #target: SessionTarget;
  #agent: AgentInfo | null = null;
  #modelHandle: string | null = null;
  #opening: Promise<void> | null = null;
  #openError = '';
  #stopTimer: Disposable | null = null;
  #isStopOverdue = false;
  #isDisposed = false;

  constructor(options: SessionOptions, target: SessionTarget) {
    this.#options = options;
    this.#target = target;
    this.#keys.add(sessionKey(target));
    const onError = (error: unknown): void => {
      options.logger.error('A listener of the conversation failed', error);
    };
    this.#retargeted = new Emitter(onError);
    this.#textReturned = new Emitter(onError);
    const refresh = (): void => {
      this.#view.refresh();
    };
    this.#notices = new Notices(options.logger, options.newId, refresh);
    this.composer = new Composer(options.newId, options.attachmentBudgetBytes, refresh);
    this.#view = new FoldedView((fold) => viewFields(options.hub, { ...this.#facts(), fold }), onError);
    this.#channel = new ConversationChannel((stamped) => {
      this.#view.apply(stamped);
    });
    this.#view.onDidEndTurn((turn) => {
      options.logger.info(turnSummary(turn));
    });
    this.#hubSubscription = options.hub.onDidChange(() => {
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
    return this.composer.held.length > 0;
  }

  get isWaitingForPerson(): boolean {
    return this.#view.fields.activity.phase === 'waitingForApproval';
  }

  /** Connects, opens the conversation and reads its newest history. A failure is shown in the panel, not thrown. */
  async open(): Promise<void> {
    if (this.#opening === null) {
      this.#opening = this.#open().finally(() => {
        this.#opening = null;
        this.#view.refresh();
      });
      this.#view.refresh();
    }
    await this.#opening;
  }

  /** Takes the composer's attachments along. The same client id again does nothing. */
  submit(clientId: string, text: string): void {
    const message = this.composer.take(clientId, text);
    if (message === null) return;
    this.#notices.clear();
    const connection = this.#openConnection();
    if (connection === null || this.hasUnsent) {
      this.composer.hold(message);
      void this.open();
    } else {
      this.#send(connection, message);
    }
  }

  stop(): void {
    const ref = this.#channel.ref;
    const turn = turnOf(this.#view.fold, this.#view.fold.currentTurnId);
    if (ref === null || turn === null || turn.state === 'stopping') return;
    const unanswered = turn.parts.every((part) => part.kind === 'user') ? turn.parts : [];
    this.#apply({ type: 'stopRequested' });
    this.#isStopOverdue = false;
    this.#stopTimer?.dispose();
    // Also past the end that is shown: the model may hold the conversation much longer (PROTOCOL b.13).
    this.#stopTimer = this.#options.clock.after(STOP_PATIENCE_MS, () => {
      this.#isStopOverdue = true;
      this.#view.refresh();
    });
    for (const part of unanswered) {
      if (part.origin === 'person') this.#textReturned.fire(part.text);
    }
    void this.#attempt('Stop', async (connection) => {
      if (await connection.stop(ref)) this.#apply({ type: 'stopConfirmed' });
    });
  }

  /** `digest` is of the input the person saw; nothing is allowed that was not shown. */
  answerApproval(
    callId: string,
    requestId: string,
    digest: string,
    decision: 'allow' | 'deny',
    reason: string,
  ): void {
    const ref = this.#channel.ref;
    const approval = approvalOf(this.#view.fold.transcript, callId);
    if (ref === null || approval?.requestId !== requestId || approval.state !== 'pending') return;
    if (approvalDigest(approval.input) !== digest) {
      this.#options.logger.warn(
        'An approval was answered for an input that is no longer the one shown; ignored',
      );
      return;
    }
    this.#apply({ type: 'approvalAnswered', requestId, decision, reason });
    void this.#attempt('The answer', async (connection) => {
      const answer = await connection.answerApproval(ref, { requestId, decision, reason });
      if (!answer.accepted) this.#apply({ type: 'approvalRefused', requestId, message: answer.message });
    }).then((wasSent) => {
      if (!wasSent)
        this.#apply({ type: 'approvalRefused', requestId, message: 'The answer could not be sent.' });
    });
  }

  /** Takes a message that was not sent yet out of the queue; null when it is gone already. */
  async takeQueued(clientId: string): Promise<string | null> {
    const held = this.composer.unhold(clientId);
    if (held !== null) return held.text;
    const item = this.#view.fold.queue.find((entry) => entry.clientId === clientId);
    const ref = this.#channel.ref;
    const itemId = item?.itemId ?? null;
    if (ref === null || item === undefined || itemId === null) return null;
    const wasRemoved = await this.#attempt('Removing the message', (connection) =>
      connection.removeQueued(ref, itemId),
    );
    return wasRemoved ? item.text : null;
  }

  sendQueuedNow(): void {
    const ref = this.#channel.ref;
    if (ref === null || this.hasUnsent) void this.open();
    else void this.#attempt('Sending', (connection) => connection.resumeQueue(ref));
  }

  /** Sends the words of a message again that the server did not take or keep. */
  sendAgain(partId: string): void {
    const parts = this.#view.fold.transcript.turns.flatMap((turn) => turn.parts);
    const part = parts.find((one) => one.kind === 'user' && one.id === partId);
    if (part?.kind === 'user') this.submit(this.#options.newId(), part.text);
  }

  /** Asks again what a failed turn asked. */
  retry(turnId: string): void {
    const prompt = turnOf(this.#view.fold, turnId)?.parts.findLast((part) => part.kind === 'user');
    if (prompt !== undefined) this.sendAgain(prompt.id);
  }

  continueTurn(): void {
    this.submit(this.#options.newId(), 'Continue.');
  }

  dismissNotice(id: string): void {
    this.#notices.dismiss(id);
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
    this.#modelHandle = handle;
    this.#view.refresh();
    if (ref !== null)
      await this.#attempt('Choosing the model', (connection) => connection.setModel(ref, handle));
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stopTimer?.dispose();
    this.#hubSubscription.dispose();
    this.#channel.dispose();
    this.#view.dispose();
    this.#retargeted.dispose();
    this.#textReturned.dispose();
  }

  async #open(): Promise<void> {
    const { hub, cwd, logger } = this.#options;
    try {
      const agent = await hub.agentFor(this.#target.agentId);
      if (agent === null) return; // first run: the panel says what can be chosen
      this.#agent = agent;
      if (this.#target.agentId !== agent.id) this.#retarget({ ...this.#target, agentId: agent.id });
      const connection = await hub.connect();
      const { conversationId } = this.#target;
      if (!this.#channel.isOpenOn(connection) && (conversationId !== null || this.hasUnsent)) {
        const opened = await this.#channel.open(connection, {
          agentId: agent.id,
          conversationId,
          cwd: cwd(),
          mode: MODE,
        });
        this.#modelHandle ??= opened.conversation.modelHandle ?? agent.modelHandle;
        if (conversationId === null) await this.#nameNew(connection, opened.ref.conversationId);
        else {
          this.#retarget({ ...this.#target, title: this.#target.title ?? opened.conversation.title });
          await connection.readHistory(opened.ref, null, HISTORY_PAGE);
        }
      }
      this.#openError = '';
      this.#sendHeld();
    } catch (error) {
      if (this.#isDisposed) return;
      logger.error('The conversation could not be opened', error);
      this.#openError = error instanceof LettaError ? error.message : 'The conversation could not be opened.';
    }
  }

  async #nameNew(connection: LettaConnection, conversationId: string): Promise<void> {
    const title = this.#target.title ?? titleFrom(this.composer.held[0]?.text ?? '');
    this.#retarget({ ...this.#target, conversationId, title });
    if (this.#modelHandle !== null && this.#modelHandle !== this.#agent?.modelHandle) {
      const ref = this.#channel.ref;
      if (ref !== null) await connection.setModel(ref, this.#modelHandle);
    }
    try {
      await connection.renameConversation(conversationId, title);
    } catch (error) {
      // The title is a convenience: the message goes out without it.
      this.#options.logger.warn(`The conversation could not be named: ${String(error)}`);
    }
  }

  #sendHeld(): void {
    const connection = this.#openConnection();
    if (connection === null) return;
    for (const message of this.composer.releaseHeld()) this.#send(connection, message);
  }

  #send(connection: LettaConnection, message: HeldMessage): void {
    const ref = this.#channel.ref;
    if (ref === null) return;
    const { clientId, text } = message;
    this.#apply({
      type: 'messageSubmitted',
      clientId,
      text,
      attachments: message.attachments.map(sentAttachment),
    });
    connection
      .send(ref, { clientId, texts: messageTexts(message.attachments, text) })
      .catch((error: unknown) => {
        this.#options.logger.error('A message was not taken', error);
        const reason = error instanceof LettaError ? error.message : 'The message could not be sent.';
        this.#apply({ type: 'messageRejected', clientId, message: reason });
      });
  }

  #onHubChanged(): void {
    const { hub } = this.#options;
    if (hub.state.kind === 'failed' && this.#view.fold.currentTurnId !== null) {
      this.#apply({ type: 'connectionLost', message: hub.state.error.message });
    }
    this.#view.refresh();
    const isWaiting = this.hasUnsent && hub.state.kind === 'ready' && hub.setup === null;
    if (isWaiting && this.#opening === null) void this.open();
  }

  #openConnection(): LettaConnection | null {
    const connection = this.#channel.connection(this.#options.hub);
    return this.#channel.ref === null ? null : connection;
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
    this.#view.refresh();
    this.#retargeted.fire({ from, to });
  }

  #apply(event: LettaEvent): void {
    this.#view.apply({ event, at: this.#options.clock.now(), stamp: null });
  }

  #facts() {
    return {
      target: this.#target,
      agent: this.#agent,
      modelHandle: this.#modelHandle,
      held: this.composer.held,
      attachments: this.composer.attachments,
      isOpening: this.#opening !== null,
      openError: this.#openError,
      isStopOverdue: this.#isStopOverdue,
      notices: this.#notices.all,
      shownFolder: this.#options.shownFolder,
    };
  }
}

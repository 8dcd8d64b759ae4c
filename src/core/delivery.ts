import type { Turn, UserPart } from '../shared/transcript.ts';
import { messageTexts, sentAttachment } from './attachments.ts';
import type { FoldState } from './foldState.ts';
import { LettaError, type ConversationRef, type LettaConnection } from './lettaConnection.ts';
import type { LettaEvent } from './lettaEvent.ts';
import { Outbox, type KeptMessage, type OutboxEntry, type OutboxPorts } from './outbox.ts';
import type { Disposable } from './ports.ts';
import type { HeldMessage } from './sessionView.ts';

/** Messages read at a time, and how far back a message is looked for. */
const PAGE = 50;
const MAX_PAGES = 20;
/** As much as the clock of a server elsewhere may differ from ours. */
const CLOCK_SLACK_MS = 3_600_000;
/** After this long, a server that took a message and shows no sign of it, nor does anything else, has dropped it. */
const SIGN_LIMIT_MS = 10_000;
/** How often one message is handed over before the person is asked. */
const MAX_TRIES = 3;

export interface OpenChannel {
  readonly connection: LettaConnection;
  readonly ref: ConversationRef;
}

/** Runs a request; what goes wrong is shown to the person. True when it went well. */
export type Attempt = (
  what: string,
  action: (connection: LettaConnection) => Promise<void>,
) => Promise<boolean>;

export interface DeliveryPorts extends OutboxPorts {
  readonly fold: () => FoldState;
  readonly apply: (event: LettaEvent) => void;
  /** Null while nothing may be sent. */
  readonly channel: () => OpenChannel | null;
  readonly attempt: Attempt;
}

/**
 * Brings the messages of one conversation to the server: each is on disk before it is sent, sent once, and kept until the
 * server's history has it. What may have arrived is looked up (queue, history by client id) before it is sent again.
 */
export class Delivery implements Disposable {
  readonly outbox: Outbox;
  readonly #ports: DeliveryPorts;
  /** Client ids that the server's history has, as far as it was read on this connection. */
  readonly #inHistory = new Set<string>();
  #isHistoryRead = false;
  #oldestAt = Infinity;
  /** Where the history goes on behind what was read last. */
  #older: string | null = null;
  readonly #tries = new Map<string, number>();
  /** The server takes these ids for messages it had: only under a new one does it look at the words again. */
  readonly #swallowed = new Set<string>();
  /** Asked back from the server's queue: those it has let go, and those it was asked for. */
  readonly #removed = new Set<string>();
  readonly #takingBack = new Set<string>();
  readonly #signs = new Set<Disposable>();
  /** One after another: a later message may be on disk before an earlier one, and must not overtake it. */
  #issued: Promise<unknown> = Promise.resolve();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
    this.outbox = new Outbox(ports);
  }

  /** Messages that the transcript does not show, nor its queue. */
  heldIn(fold: FoldState): readonly KeptMessage[] {
    return this.outbox.entries
      .filter(({ state, message }) => state !== 'sending' && !isShown(fold, message.clientId))
      .map(({ message }) => message);
  }

  submit(message: KeptMessage): void {
    this.outbox.add(message);
    this.pump();
  }

  /** Sends what waits, in order, where something can be sent. */
  pump(): void {
    const channel = this.#ports.channel();
    if (channel === null) return;
    for (const { message } of this.outbox.in('held')) void this.#send(channel, message);
  }

  /** Resolves when nothing stands between disk and wire: what is asked of the server now comes after it there. */
  async issued(): Promise<void> {
    await this.#issued;
  }

  dispose(): void {
    for (const timer of this.#signs) timer.dispose();
    this.outbox.dispose();
  }

  /** The person wants all that was not sent to go now. Given back: what has to go as a new message. */
  release(): readonly HeldMessage[] {
    const anew: HeldMessage[] = [];
    for (const { message } of this.outbox.in('offered')) {
      const { clientId } = message;
      // It stands where it was, with a button of its own.
      if (deliveryOf(this.#ports.fold(), clientId) === 'notKept') continue;
      if (!this.#swallowed.has(clientId)) this.outbox.set(clientId, 'held');
      else if (this.takeBack(clientId) !== null) anew.push(message);
    }
    this.pump();
    return anew;
  }

  /** Takes back what was not sent; null when it is with the server already, or unknown. */
  takeBack(clientId: string): KeptMessage | null {
    const entry = this.outbox.find(clientId);
    if (entry === null || entry.state === 'sending') return null;
    const message = this.outbox.remove(clientId);
    this.#ports.apply({ type: 'messageWithdrawn', clientId });
    return message;
  }

  /** The same from the server's queue, where it stands there. */
  async takeQueued(clientId: string): Promise<HeldMessage | null> {
    const kept = this.takeBack(clientId);
    if (kept !== null) return kept;
    const item = this.#ports.fold().queue.find((entry) => entry.clientId === clientId);
    const ref = this.#ports.channel()?.ref ?? null;
    const itemId = item?.itemId ?? null;
    if (ref === null || item === undefined || itemId === null) return null;
    this.#takingBack.add(clientId);
    const isAnswered = await this.#ports.attempt('Removing the message', (connection) =>
      connection.removeQueued(ref, itemId),
    );
    // The answer may be lost where the queue itself has told already.
    const wasRemoved = isAnswered || this.#removed.delete(clientId);
    if (!wasRemoved) return null;
    this.#takingBack.delete(clientId);
    return this.outbox.remove(clientId) ?? { clientId, text: item.text, attachments: [] };
  }

  /**
   * Sends a message again that was not taken, as the same message. One that the server had before is the agent's to see
   * twice: it is given back, to be sent as a new one.
   */
  again(part: UserPart): Omit<HeldMessage, 'clientId'> | null {
    const kept = this.outbox.find(part.id)?.message ?? null;
    if (kept !== null && part.delivery === 'unsent' && !this.#swallowed.has(part.id)) {
      this.outbox.set(part.id, 'held');
      this.pump();
      return null;
    }
    this.outbox.remove(part.id);
    return { text: part.text, attachments: kept?.attachments ?? [] };
  }

  /** Call with every event, after the fold has it. */
  note(event: LettaEvent): void {
    if (event.type === 'historyRead') {
      this.#older = event.page.before;
      if (event.place === 'newest') this.#isHistoryRead = true;
      for (const message of event.page.messages) {
        if (message.kind === 'user') this.#inHistory.add(message.clientId ?? message.id);
        if (message.at !== null) this.#oldestAt = Math.min(this.#oldestAt, message.at);
      }
      for (const { message } of this.outbox.in('sending')) this.#settle(message.clientId);
    } else if (event.type === 'queueChanged') {
      for (const { clientId } of event.removed) {
        if (clientId === null || isShown(this.#ports.fold(), clientId)) continue;
        if (this.#takingBack.has(clientId)) this.#removed.add(clientId);
        else if (this.outbox.find(clientId)?.state === 'sending') this.outbox.remove(clientId);
      }
    } else if (event.type === 'connectionLost') {
      this.#inHistory.clear();
      this.#isHistoryRead = false;
      this.#oldestAt = Infinity;
      this.outbox.doubtAll();
    }
  }

  /** The server has what a turn began with once it has ended it; what Stop ended may not have begun. */
  turnEnded(turn: Turn): void {
    if (turn.outcome?.kind === 'interrupted' || turn.outcome?.kind === 'stopped') return;
    for (const part of turn.parts) {
      if (part.kind !== 'user' || part.delivery !== 'sent') continue;
      if (this.outbox.find(part.id)?.state === 'sending') this.outbox.remove(part.id);
    }
  }

  /**
   * Finds out what became of messages that may have arrived. Nothing is decided unless the newest history and the queue
   * were read on the present connection, or there is no conversation yet that could have them.
   */
  async reconcile(isNew = false): Promise<void> {
    await this.#lookUp();
    if (!isNew && !this.#isHistoryRead) return;
    for (const entry of this.outbox.in('unconfirmed')) this.#decide(entry);
    this.pump();
  }

  async #lookUp(): Promise<void> {
    for (let page = 0; page < MAX_PAGES; page++) {
      const channel = this.#ports.channel();
      const before = this.#older;
      const missing = this.outbox.in('unconfirmed').filter((entry) => !this.#isWithServer(entry));
      const oldest = Math.min(...missing.map(({ message }) => message.writtenAt));
      if (channel === null || before === null || missing.length === 0) return;
      if (this.#oldestAt < oldest - CLOCK_SLACK_MS) return;
      await channel.connection.readHistory(channel.ref, before, PAGE);
    }
  }

  #decide(entry: OutboxEntry): void {
    const { clientId } = entry.message;
    if (this.#isWithServer(entry)) {
      this.outbox.set(clientId, 'sending');
      this.#settle(clientId);
    } else if (wasTaken(this.#ports.fold(), clientId)) {
      // The agent had begun with it: only the person can say whether it may begin again.
      this.#ports.apply({ type: 'messageNotKept', clientId });
      this.outbox.set(clientId, 'offered');
    } else if (this.#takingBack.delete(clientId)) {
      // The person wanted it back, and the answer was lost: it is theirs again.
      this.#giveUp(clientId);
    } else if (this.outbox.sendsByItself(entry) && (this.#tries.get(clientId) ?? 0) < MAX_TRIES) {
      this.outbox.set(clientId, 'held');
    } else {
      this.#ports.apply({ type: 'messageRejected', clientId, message: '' });
      this.outbox.set(clientId, 'offered');
    }
  }

  #isWithServer({ message: { clientId } }: OutboxEntry): boolean {
    if (this.#inHistory.has(clientId)) return true;
    return this.#ports.fold().queue.some((entry) => entry.clientId === clientId && entry.itemId !== null);
  }

  /** History has it, and what it began is over. */
  #settle(clientId: string): void {
    const turn = this.#ports.fold().transcript.turns.find((one) => hasPrompt(one, clientId));
    if (turn?.state === 'ended' && this.#inHistory.has(clientId)) this.outbox.remove(clientId);
  }

  async #send(channel: OpenChannel, message: KeptMessage): Promise<void> {
    const { clientId, text, attachments } = message;
    this.outbox.set(clientId, 'sending');
    this.#ports.apply({
      type: 'messageSubmitted',
      clientId,
      text,
      attachments: attachments.map(sentAttachment),
    });
    const ready = this.#issued.then(() => this.outbox.readyToSend(clientId));
    this.#issued = ready;
    if (!(await ready)) {
      this.#ports.apply({ type: 'messageRejected', clientId, message: '' });
      this.#ports.apply({ type: 'messageWithdrawn', clientId });
      return;
    }
    if (this.outbox.find(clientId)?.state !== 'sending') return;
    this.#tries.set(clientId, (this.#tries.get(clientId) ?? 0) + 1);
    try {
      await channel.connection.send(channel.ref, { clientId, texts: messageTexts(attachments, text) });
      this.#awaitSign(channel, clientId);
    } catch (error) {
      this.#ports.logger.error('A message was not taken', error);
      await this.#failed(channel, clientId, error);
    }
  }

  /**
   * A server that knows an id answers "taken" and does nothing (PROTOCOL b.10): after a removal whose answer was lost, the
   * message would wait for ever.
   */
  #awaitSign(channel: OpenChannel, clientId: string): void {
    const timer = this.#ports.clock.after(SIGN_LIMIT_MS, () => {
      this.#signs.delete(timer);
      if (this.#ports.channel()?.connection !== channel.connection) return;
      if (this.#hasSign(clientId)) return;
      channel.connection
        .readHistory(channel.ref, null, PAGE)
        .then(() => {
          if (!this.#hasSign(clientId)) this.#giveUp(clientId);
        })
        .catch((error: unknown) => {
          this.#ports.logger.warn(`A message could not be looked up: ${String(error)}`);
        });
    });
    this.#signs.add(timer);
  }

  #hasSign(clientId: string): boolean {
    const fold = this.#ports.fold();
    const entry = this.outbox.find(clientId);
    if (entry?.state !== 'sending' || this.#isWithServer(entry)) return true;
    return fold.phase !== 'idle' || fold.isProcessing || deliveryOf(fold, clientId) === 'sent';
  }

  /** Under this id the server would do nothing with it; what becomes of it is for the person to say. */
  #giveUp(clientId: string): void {
    this.#swallowed.add(clientId);
    this.#ports.logger.warn('The server does not have a message that it took');
    this.#ports.apply({ type: 'messageRejected', clientId, message: '' });
    this.outbox.set(clientId, 'offered');
  }

  async #failed(channel: OpenChannel, clientId: string, error: unknown): Promise<void> {
    const entry = this.outbox.find(clientId);
    if (entry?.state !== 'sending') return; // shown by the server meanwhile, or in doubt with all others
    const reason = error instanceof LettaError ? error.reason : 'refused';
    const message = error instanceof LettaError ? error.message : 'The message could not be sent.';
    const isLost = reason === 'timeout' || reason === 'connectionLost';
    if (isLost && deliveryOf(this.#ports.fold(), clientId) === 'sent') return;
    this.outbox.set(clientId, isLost ? 'unconfirmed' : 'offered');
    this.#ports.apply({ type: 'messageRejected', clientId, message });
    // Where the connection is gone too, it is looked up when there is a new one.
    if (!isLost || this.#ports.channel()?.connection !== channel.connection) return;
    try {
      await channel.connection.readHistory(channel.ref, null, PAGE);
      await this.reconcile();
    } catch (failure) {
      this.#ports.logger.warn(`A message could not be looked up: ${String(failure)}`);
    }
  }
}

function hasPrompt(turn: Turn, clientId: string): boolean {
  return turn.parts.some((part) => part.kind === 'user' && part.id === clientId);
}

function deliveryOf(fold: FoldState, clientId: string): string | null {
  for (const turn of fold.transcript.turns) {
    for (const part of turn.parts) if (part.kind === 'user' && part.id === clientId) return part.delivery;
  }
  return null;
}

function wasTaken(fold: FoldState, clientId: string): boolean {
  const delivery = deliveryOf(fold, clientId);
  return delivery === 'sent' || delivery === 'notKept';
}

function isShown(fold: FoldState, clientId: string): boolean {
  return fold.queue.some((entry) => entry.clientId === clientId) || deliveryOf(fold, clientId) !== null;
}

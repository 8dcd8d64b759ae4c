import type { PermissionMode } from '../shared/panel.ts';
import type { ConversationChannel } from './conversationChannel.ts';
import type { Delivery } from './delivery.ts';
import type { Hub } from './hub.ts';
import type { Journal } from './journal.ts';
import { LettaError, type AgentInfo, type LettaConnection } from './lettaConnection.ts';
import type { OutboxStore } from './outbox.ts';
import type { Disposable, Logger } from './ports.ts';
import { titleFrom, type SessionTarget } from './sessionView.ts';

/** Messages read from the server at a time. */
export const HISTORY_PAGE = 50;
/** "Ask before changes": the server's own default runs everything (PROTOCOL b.6). */
const MODE: PermissionMode = 'standard';

export interface OpeningPorts {
  readonly hub: Hub;
  readonly logger: Logger;
  readonly outbox: OutboxStore;
  readonly cwd: () => string | null;
  readonly channel: ConversationChannel;
  readonly delivery: Delivery;
  readonly journal: Journal;
  readonly target: () => SessionTarget;
  /** The keys the conversation has or had. */
  readonly keys: () => readonly string[];
  readonly retarget: (target: SessionTarget) => void;
  readonly onChange: () => void;
}

/**
 * The way of one conversation from a name to one that can be spoken in: finds the agent, takes over what a former window
 * left unsent, opens or makes the conversation, reads its newest history, and only then lets messages out.
 */
export class Opening implements Disposable {
  readonly #ports: OpeningPorts;
  agent: AgentInfo | null = null;
  modelHandle: string | null = null;
  #work: Promise<void> | null = null;
  #error = '';
  #isReading = false;
  #isDisposed = false;

  constructor(ports: OpeningPorts) {
    this.#ports = ports;
  }

  get isUnderWay(): boolean {
    return this.#work !== null;
  }

  /** What may have arrived is not known yet: nothing may be sent. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Why it could not be opened, in words; '' when it could. */
  get error(): string {
    return this.#error;
  }

  async open(): Promise<void> {
    if (this.#work === null) {
      this.#work = this.#open().finally(() => {
        this.#work = null;
        this.#ports.onChange();
        this.#ports.delivery.pump();
      });
      this.#ports.onChange();
    }
    await this.#work;
  }

  dispose(): void {
    this.#isDisposed = true;
  }

  async #open(): Promise<void> {
    const { hub, logger, outbox, delivery, keys } = this.#ports;
    try {
      const agent = await hub.agentFor(this.#ports.target().agentId);
      if (agent === null) return; // first run: the panel says what can be chosen
      this.agent = agent;
      const target = this.#ports.target();
      if (target.agentId !== agent.id) this.#ports.retarget({ ...target, agentId: agent.id });
      delivery.outbox.adopt(await outbox.claim(keys()));
      await this.#openOn(await hub.connect(), agent);
      this.#error = '';
      await delivery.reconcile();
    } catch (error) {
      if (this.#isDisposed) return;
      logger.error('The conversation could not be opened', error);
      this.#error = error instanceof LettaError ? error.message : 'The conversation could not be opened.';
    } finally {
      this.#isReading = false;
    }
  }

  async #openOn(connection: LettaConnection, agent: AgentInfo): Promise<void> {
    const { hub, channel, delivery, journal, retarget } = this.#ports;
    const { conversationId } = this.#ports.target();
    if (channel.isOpenOn(connection)) return;
    if (conversationId === null) {
      await delivery.reconcile(true); // what was left is not with the server: it had no conversation
      if (delivery.outbox.in('held').length === 0) return;
    }
    this.#isReading = true;
    const ready = hub.modelReady(agent);
    ready.catch(() => undefined); // awaited below, unless the conversation cannot be opened
    await journal.read();
    const opened = await channel.open(connection, {
      agentId: agent.id,
      conversationId,
      cwd: this.#ports.cwd(),
      mode: MODE,
    });
    this.modelHandle ??= opened.conversation.modelHandle ?? agent.modelHandle;
    if (conversationId === null) await this.#nameNew(connection, opened.ref.conversationId);
    else {
      const target = this.#ports.target();
      retarget({ ...target, title: target.title ?? opened.conversation.title });
      await connection.readHistory(opened.ref, null, HISTORY_PAGE);
    }
    await ready;
    this.#isReading = false;
  }

  async #nameNew(connection: LettaConnection, conversationId: string): Promise<void> {
    const { channel, delivery, logger, retarget } = this.#ports;
    const target = this.#ports.target();
    const title = target.title ?? titleFrom(delivery.outbox.entries[0]?.message.text ?? '');
    retarget({ ...target, conversationId, title });
    if (this.modelHandle !== null && this.modelHandle !== this.agent?.modelHandle) {
      if (channel.ref !== null) await connection.setModel(channel.ref, this.modelHandle);
    }
    try {
      await connection.renameConversation(conversationId, title);
    } catch (error) {
      // The title is a convenience: the message goes out without it.
      logger.warn(`The conversation could not be named: ${String(error)}`);
    }
  }
}

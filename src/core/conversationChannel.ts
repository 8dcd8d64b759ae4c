import type { Hub } from './hub.ts';
import type {
  ConversationEvent,
  ConversationRef,
  LettaConnection,
  OpenedConversation,
  OpenRequest,
} from './lettaConnection.ts';
import type { StampedEvent } from './lettaEvent.ts';
import type { Disposable } from './ports.ts';

/** One conversation's way to the server: opens it, keeps its subscription, hands on only its events. */
export class ConversationChannel implements Disposable {
  readonly #onEvent: (stamped: StampedEvent) => void;
  #connection: LettaConnection | null = null;
  #subscription: Disposable | null = null;
  #ref: ConversationRef | null = null;
  /** Events that came while a new conversation's id was not known yet. */
  #early: ConversationEvent[] | null = null;

  constructor(onEvent: (stamped: StampedEvent) => void) {
    this.#onEvent = onEvent;
  }

  get ref(): ConversationRef | null {
    return this.#ref;
  }

  /** The connection the conversation is open on; null when it is not open on the present one. */
  connection(hub: Hub): LettaConnection | null {
    return hub.state.kind === 'ready' && hub.state.connection === this.#connection ? this.#connection : null;
  }

  isOpenOn(connection: LettaConnection): boolean {
    return this.#connection === connection && this.#ref !== null;
  }

  async open(connection: LettaConnection, request: OpenRequest): Promise<OpenedConversation> {
    this.#subscription?.dispose();
    this.#connection = null;
    this.#ref =
      request.conversationId === null
        ? null
        : { agentId: request.agentId, conversationId: request.conversationId };
    this.#early = this.#ref === null ? [] : null;
    this.#subscription = connection.onDidReceive((event) => {
      if (this.#early !== null) this.#early.push(event);
      else if (isSame(event.ref, this.#ref)) this.#onEvent(event.stamped);
    });
    const opened = await connection.openConversation(request);
    this.#ref = opened.ref;
    this.#connection = connection;
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) if (isSame(event.ref, opened.ref)) this.#onEvent(event.stamped);
    return opened;
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#connection = null;
  }
}

function isSame(a: ConversationRef, b: ConversationRef | null): boolean {
  return b !== null && a.conversationId === b.conversationId && a.agentId === b.agentId;
}

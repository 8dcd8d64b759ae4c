import type fc from 'fast-check';
import { Emitter } from '../../../src/core/emitter.ts';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import type {
  AgentInfo,
  ApprovalAnswer,
  ConnectionState,
  ConversationEvent,
  ConversationRef,
  LettaConnection,
  OpenedConversation,
  OpenRequest,
  OutgoingMessage,
} from '../../../src/core/lettaConnection.ts';
import type { HistoryPage, StampedEvent } from '../../../src/core/lettaEvent.ts';
import { historyId, type ModelServer } from './modelServer.ts';

export const AGENT: AgentInfo = { id: 'agent-1', name: 'Ada', modelHandle: 'test/model' };
const PAGE = 6;

const rethrow = (error: unknown): void => {
  throw error;
};

/**
 * One window's way to the model server: what is sent and what comes back takes its time, in order, at moments that the
 * scheduler picks, and is lost when the connection drops meanwhile.
 */
export class ModelConnection implements LettaConnection {
  readonly capabilities = { permissions: true, queue: true, providers: true, memory: 'files' as const };
  readonly memory = null;
  readonly working = [];
  readonly onDidChangeWorking = () => ({ dispose: () => undefined });
  state: ConnectionState = { kind: 'open' };
  readonly #server: ModelServer;
  readonly #scheduler: fc.Scheduler;
  readonly #events = new Emitter<ConversationEvent>(rethrow);
  readonly #states = new Emitter<ConnectionState>(rethrow);
  readonly #waiting = new Set<(error: LettaError) => void>();
  readonly #opened = new Set<string>();
  readonly #unlisten: () => void;
  #out: Promise<void> = Promise.resolve();
  #in: Promise<void> = Promise.resolve();
  #isClosed = false;

  readonly onDidReceive = this.#events.event;
  readonly onDidChangeState = this.#states.event;

  constructor(server: ModelServer, scheduler: fc.Scheduler) {
    this.#server = server;
    this.#scheduler = scheduler;
    this.#unlisten = server.listen({
      receive: (ref, stamped) => {
        if (this.#opened.has(ref.conversationId)) this.#deliver(ref, stamped);
      },
      close: () => {
        this.drop();
      },
    });
  }

  /** The socket is gone; the server does not know yet what this side missed. */
  drop(): void {
    if (this.#isClosed) return;
    this.cut();
    const error = new LettaError('connectionLost', 'The connection was lost.');
    for (const fail of [...this.#waiting]) fail(error);
    this.state = { kind: 'closed', error };
    this.#states.fire(this.state);
  }

  /** Nobody is told: the process of this side is dead. */
  cut(): void {
    this.#isClosed = true;
    this.#unlisten();
  }

  listAgents(): Promise<readonly AgentInfo[]> {
    return this.#ask(() => [AGENT]);
  }
  createAgent(): Promise<AgentInfo> {
    return this.#ask(() => AGENT);
  }
  listConversations(): Promise<never[]> {
    return this.#ask(() => []);
  }
  renameConversation(): Promise<void> {
    return this.#ask(() => undefined);
  }
  forkConversation(ref: ConversationRef): Promise<string> {
    return this.#ask(() => `${ref.conversationId}-fork`);
  }
  openConversation(request: OpenRequest): Promise<OpenedConversation> {
    const conversationId = request.conversationId ?? 'conv-new';
    const ref = { agentId: request.agentId, conversationId };
    return this.#ask(() => {
      const conversation = this.#server.conversation(ref);
      this.#opened.add(conversationId);
      for (const stamped of conversation.ring) this.#deliver(ref, stamped);
      for (const event of conversation.replay()) {
        this.#deliver(ref, { event, at: 0, stamp: null });
      }
      const info = { id: conversationId, agentId: AGENT.id, title: null, updatedAt: null, modelHandle: null };
      return { ref, agent: AGENT, conversation: info, mode: request.mode, cwd: request.cwd };
    });
  }
  readHistory(ref: ConversationRef, before: string | null): Promise<HistoryPage> {
    return this.#ask(
      () => {
        const all = this.#server.conversation(ref).history;
        const at = all.findIndex((message) => historyId(message) === before);
        const end = before === null ? all.length : Math.max(0, at);
        const start = Math.max(0, end - PAGE);
        const first = all[start];
        return {
          messages: all.slice(start, end),
          before: start === 0 || first === undefined ? null : historyId(first),
        };
      },
      (page) => {
        const place = before === null ? 'newest' : 'older';
        this.#events.fire({
          ref,
          stamped: { event: { type: 'historyRead', page, place }, at: 0, stamp: null },
        });
      },
    );
  }
  send(ref: ConversationRef, message: OutgoingMessage): Promise<void> {
    return this.#ask(() => {
      this.#server.conversation(ref).resumeQueue();
      this.#server.conversation(ref).take(message);
    });
  }
  answerApproval(
    ref: ConversationRef,
    { requestId, decision }: ApprovalAnswer,
  ): Promise<{ readonly accepted: boolean; readonly message: string }> {
    return this.#ask(() => ({
      accepted: this.#server.conversation(ref).answer(requestId, decision),
      message: 'no longer pending',
    }));
  }
  stop(ref: ConversationRef): Promise<boolean> {
    return this.#ask(() => this.#server.conversation(ref).stop());
  }
  removeQueued(ref: ConversationRef, itemId: string): Promise<void> {
    return this.#ask(() => {
      if (!this.#server.conversation(ref).removeQueued(itemId)) throw new LettaError('refused', 'Not there.');
    });
  }
  resumeQueue(ref: ConversationRef): Promise<void> {
    return this.#ask(() => {
      this.#server.conversation(ref).resumeQueue();
    });
  }
  setMode(): Promise<void> {
    return this.#ask(() => undefined);
  }
  listModels(): Promise<never[]> {
    return this.#ask(() => []);
  }
  setModel(): Promise<void> {
    return this.#ask(() => undefined);
  }
  listProviders(): Promise<never[]> {
    return this.#ask(() => []);
  }
  connectProvider(): Promise<void> {
    return this.#ask(() => undefined);
  }
  dispose(): void {
    this.cut();
  }

  #deliver(ref: ConversationRef, stamped: StampedEvent): void {
    this.#enqueueIn(() => {
      this.#events.fire({ ref, stamped });
    });
  }

  #enqueueIn(action: () => void): void {
    this.#in = this.#in
      .then(() => this.#scheduler.schedule(Promise.resolve(), 'in'))
      .then(() => {
        if (!this.#isClosed) action();
      });
  }

  /** `act` runs at the server, `onReply` here before the promise resolves, both in the order of the socket. */
  #ask<T>(act: () => T, onReply: (value: T) => void = () => undefined): Promise<T> {
    if (this.#isClosed) return Promise.reject(new LettaError('connectionLost', 'Not connected.'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      this.#out = this.#out
        .then(() => this.#scheduler.schedule(Promise.resolve(), 'out'))
        .then(() => {
          if (this.#isClosed) return;
          let answer: () => void;
          try {
            const value = act();
            answer = () => {
              onReply(value);
              resolve(value);
            };
          } catch (error) {
            answer = () => {
              reject(error instanceof Error ? error : new Error(String(error)));
            };
          }
          this.#enqueueIn(() => {
            this.#waiting.delete(reject);
            answer();
          });
        });
    });
  }
}

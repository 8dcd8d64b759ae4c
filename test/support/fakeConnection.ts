import { Emitter } from '../../src/core/emitter.ts';
import type {
  AgentInfo,
  ApprovalAnswer,
  ConnectionState,
  ConversationEvent,
  ConversationInfo,
  ConversationRef,
  LettaConnection,
  ModelInfo,
  OpenedConversation,
  OpenRequest,
  OutgoingMessage,
} from '../../src/core/lettaConnection.ts';
import type { LettaError } from '../../src/core/lettaConnection.ts';
import type { HistoryPage, LettaEvent } from '../../src/core/lettaEvent.ts';
import type { PermissionMode } from '../../src/shared/panel.ts';

const rethrow = (error: unknown): void => {
  throw error;
};

let connections = 0;

/** A server in memory that does what it is told and remembers what it was asked. */
export class FakeConnection implements LettaConnection {
  readonly capabilities = { permissions: true, queue: true, providers: true, memory: 'files' as const };
  readonly memory = null;
  readonly working = [];
  readonly onDidChangeWorking = () => ({ dispose: () => undefined });
  state: ConnectionState = { kind: 'open' };
  agents: AgentInfo[] = [{ id: 'agent-1', name: 'Ada', modelHandle: 'test/model' }];
  models: ModelInfo[] = [
    { handle: 'test/model', label: 'Test model', provider: 'test', contextWindow: 32_000, isAvailable: true },
  ];
  history: HistoryPage = { messages: [], before: null };
  /** Given one after another, newest first, in the place of `history`. */
  pages: HistoryPage[] = [];
  /** Called when a message or an open conversation is asked for, before it is answered. */
  onSend: () => unknown = () => undefined;
  onOpen: () => unknown = () => undefined;
  onStop: () => unknown = () => undefined;
  conversations: ConversationInfo[] = [];
  readonly sent: OutgoingMessage[] = [];
  readonly answers: ApprovalAnswer[] = [];
  readonly opened: OpenRequest[] = [];
  readonly titles: { readonly id: string; readonly title: string }[] = [];
  readonly removed: string[] = [];
  readonly calls: string[] = [];
  /** Thrown by the next call of the method. */
  readonly failures = new Map<string, LettaError>();
  stopResult = true;
  acceptsAnswers = true;
  readonly #events = new Emitter<ConversationEvent>(rethrow);
  readonly #states = new Emitter<ConnectionState>(rethrow);
  readonly #source = `fake-${String(++connections)}`;
  #ordinal = 0;
  #conversations = 0;

  readonly onDidReceive = this.#events.event;
  readonly onDidChangeState = this.#states.event;

  /** The server says something about a conversation. */
  emit(ref: ConversationRef, event: LettaEvent, at = 0): void {
    this.#ordinal++;
    this.#events.fire({
      ref,
      stamped: { event, at, stamp: { source: this.#source, ordinal: this.#ordinal } },
    });
  }

  setState(state: ConnectionState): void {
    this.state = state;
    this.#states.fire(state);
  }

  listAgents(): Promise<readonly AgentInfo[]> {
    return this.#answer('listAgents', this.agents);
  }
  createAgent(request: { readonly name: string; readonly modelHandle: string }): Promise<AgentInfo> {
    const agent = { id: `agent-${String(this.agents.length + 1)}`, ...request };
    this.agents.push(agent);
    return this.#answer('createAgent', agent);
  }
  listConversations(): Promise<readonly ConversationInfo[]> {
    return this.#answer('listConversations', this.conversations);
  }
  renameConversation(id: string, title: string): Promise<void> {
    this.titles.push({ id, title });
    return this.#answer('renameConversation', undefined);
  }
  forkConversation(ref: ConversationRef): Promise<string> {
    return this.#answer('forkConversation', `${ref.conversationId}-fork`);
  }
  async openConversation(request: OpenRequest): Promise<OpenedConversation> {
    this.opened.push(request);
    this.onOpen();
    const conversationId = request.conversationId ?? `conv-${String(++this.#conversations)}`;
    const ref = { agentId: request.agentId, conversationId };
    this.emit(ref, {
      type: 'deviceChanged',
      mode: request.mode,
      cwd: request.cwd,
      isProcessing: false,
      pendingRequestIds: [],
    });
    return this.#answer('openConversation', {
      ref,
      agent: this.agents.find((agent) => agent.id === request.agentId) ?? {
        id: request.agentId,
        name: '?',
        modelHandle: null,
      },
      conversation: {
        id: conversationId,
        agentId: request.agentId,
        title: null,
        updatedAt: null,
        modelHandle: null,
      },
      mode: request.mode,
      cwd: request.cwd,
    });
  }
  async readHistory(ref: ConversationRef, before: string | null): Promise<HistoryPage> {
    const page = await this.#answer('readHistory', this.pages.shift() ?? this.history);
    this.emit(ref, { type: 'historyRead', page, place: before === null ? 'newest' : 'older' });
    return page;
  }
  send(_ref: ConversationRef, message: OutgoingMessage): Promise<void> {
    this.sent.push(message);
    this.onSend();
    return this.#answer('send', undefined);
  }
  answerApproval(
    _ref: ConversationRef,
    answer: ApprovalAnswer,
  ): Promise<{ readonly accepted: boolean; readonly message: string }> {
    this.answers.push(answer);
    return this.#answer('answerApproval', { accepted: this.acceptsAnswers, message: '' });
  }
  stop(): Promise<boolean> {
    this.onStop();
    return this.#answer('stop', this.stopResult);
  }
  removeQueued(_ref: ConversationRef, itemId: string): Promise<void> {
    this.removed.push(itemId);
    return this.#answer('removeQueued', undefined);
  }
  resumeQueue(): Promise<void> {
    return this.#answer('resumeQueue', undefined);
  }
  setMode(_ref: ConversationRef, mode: PermissionMode): Promise<void> {
    return this.#answer(`setMode ${mode}`, undefined);
  }
  listModels(): Promise<readonly ModelInfo[]> {
    return this.#answer('listModels', this.models);
  }
  setModel(_ref: ConversationRef, handle: string): Promise<void> {
    return this.#answer(`setModel ${handle}`, undefined);
  }
  listProviders(): Promise<never[]> {
    return this.#answer('listProviders', []);
  }
  connectProvider(providerId: string): Promise<void> {
    return this.#answer(`connectProvider ${providerId}`, undefined);
  }
  dispose(): void {
    this.calls.push('dispose');
  }

  #answer<T>(method: string, value: T): Promise<T> {
    this.calls.push(method);
    const failure = this.failures.get(method);
    this.failures.delete(method);
    return failure === undefined ? Promise.resolve(value) : Promise.reject(failure);
  }
}

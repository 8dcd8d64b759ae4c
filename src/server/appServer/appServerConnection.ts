import { Emitter } from '../../core/emitter.ts';
import { LettaError } from '../../core/lettaConnection.ts';
import type {
  AgentInfo,
  ApprovalAnswer,
  Capabilities,
  ConnectionState,
  ConversationEvent,
  ConversationInfo,
  ConversationRef,
  LettaConnection,
  ModelInfo,
  OpenedConversation,
  OpenRequest,
  OutgoingMessage,
  ProviderInfo,
} from '../../core/lettaConnection.ts';
import type { HistoryPage, LettaEvent } from '../../core/lettaEvent.ts';
import { MemoryWatch } from '../../core/memoryWatch.ts';
import type { Clock, Disposable, Logger } from '../../core/ports.ts';
import type { PermissionMode } from '../../shared/panel.ts';
import { decodeFrame } from './decode.ts';
import { decodeHistory } from './decodeHistory.ts';
import { Directory } from './directory.ts';
import { flag, text } from './fields.ts';
import type { Frame, FrameLink, LinkState, ReceivedFrame } from './frameLink.ts';
import { AppServerMemory } from './memory.ts';
import { Models } from './models.ts';
import { OpenConversations } from './openConversations.ts';
import { Requests, required, succeeded } from './requests.ts';
import { stampEvents } from './stamp.ts';
import { Starting } from './starting.ts';

export interface AppServerConnectionPorts {
  readonly link: FrameLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Named to the server as its client. */
  readonly clientVersion: string;
  /** Makes the ids of requests; unique among all windows of one broker. */
  readonly newId: () => string;
}

const PROTOCOL_VERSION = 1;
/** Read again after the runtime was started anew. */
const REOPEN_PAGE = 50;

/** A Letta App Server (PROTOCOL part b) in the vocabulary of core. Owns its link. */
export class AppServerConnection implements LettaConnection {
  readonly capabilities: Capabilities = { permissions: true, queue: true, providers: true, memory: 'files' };
  readonly memory: AppServerMemory;
  readonly #link: FrameLink;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #requests: Requests;
  readonly #conversations: OpenConversations;
  readonly #starting: Starting;
  readonly #directory: Directory;
  readonly #models: Models;
  readonly #stateChanged: Emitter<ConnectionState>;
  readonly #received: Emitter<ConversationEvent>;
  readonly #subscriptions: readonly Disposable[];
  #state: ConnectionState = { kind: 'connecting', text: 'Connecting…' };
  /** Of the runtime process whose conversations are open; null before the first one. */
  #epoch: string | null = null;
  #malformedCount = 0;

  constructor(ports: AppServerConnectionPorts) {
    const { link, clock, logger } = ports;
    this.#link = link;
    this.#clock = clock;
    this.#logger = logger;
    this.#requests = new Requests(link, clock, logger, ports.newId);
    this.#conversations = new OpenConversations(clock);
    this.#starting = new Starting(this.#requests, this.#conversations, ports.clientVersion, (ref, mode) =>
      this.setMode(ref, mode),
    );
    this.#directory = new Directory(this.#requests);
    this.#models = new Models(this.#requests, clock);
    const onError = (error: unknown): void => {
      logger.error('A listener of the connection failed', error);
    };
    this.#stateChanged = new Emitter(onError);
    this.#received = new Emitter(onError);
    const tell = this.#fire.bind(this);
    this.memory = new AppServerMemory(this.#requests, logger, tell);
    const memoryWatch = new MemoryWatch(this.memory, logger, tell);
    this.#subscriptions = [
      this.memory,
      memoryWatch,
      this.#received.event(({ ref, stamped }) => {
        memoryWatch.take(ref, stamped.event);
      }),
      link.onDidReceive((received) => {
        this.#receive(received);
      }),
      link.onDidFindUnreadable(() => {
        this.#tellUnreadable();
      }),
      link.onDidChangeState((state) => {
        this.#follow(state);
      }),
    ];
    this.#follow(link.state);
  }

  /**
   * A connection to a server that speaks this protocol.
   * @throws {LettaError} 'protocol' when it speaks another version.
   */
  static async connect(ports: AppServerConnectionPorts): Promise<AppServerConnection> {
    const connection = new AppServerConnection(ports);
    try {
      await connection.#checkVersion();
      return connection;
    } catch (error) {
      connection.dispose();
      throw error;
    }
  }

  get state(): ConnectionState {
    return this.#state;
  }

  readonly onDidChangeState = (listener: (state: ConnectionState) => void): Disposable =>
    this.#stateChanged.event(listener);

  readonly onDidReceive = (listener: (event: ConversationEvent) => void): Disposable =>
    this.#received.event(listener);

  get working(): readonly ConversationRef[] {
    return this.#link.working;
  }

  get onDidChangeWorking(): FrameLink['onDidChangeWorking'] {
    return this.#link.onDidChangeWorking;
  }

  listAgents(): Promise<readonly AgentInfo[]> {
    return this.#directory.listAgents();
  }

  createAgent(request: { readonly name: string; readonly modelHandle: string }): Promise<AgentInfo> {
    return this.#directory.createAgent(request.name, request.modelHandle);
  }

  listConversations(agentId: string): Promise<readonly ConversationInfo[]> {
    return this.#directory.listConversations(agentId);
  }

  renameConversation(conversationId: string, title: string): Promise<void> {
    return this.#directory.renameConversation(conversationId, title);
  }

  forkConversation(ref: ConversationRef): Promise<string> {
    return this.#directory.forkConversation(ref);
  }

  openConversation(request: OpenRequest): Promise<OpenedConversation> {
    return this.#starting.open(request);
  }

  async readHistory(ref: ConversationRef, before: string | null, limit: number): Promise<HistoryPage> {
    const query = { agent_id: ref.agentId, limit, order: 'desc', ...(before === null ? {} : { before }) };
    const frame = { type: 'conversation_messages_list', conversation_id: ref.conversationId, query };
    return this.#requests.ask(frame, (reply) => {
      const page = required(decodeHistory(succeeded(reply)), 'conversation_messages_list');
      // Said in its place: text that streams after this answer is added to what the page holds.
      this.#fire(ref, { type: 'historyRead', page, place: before === null ? 'newest' : 'older' });
      return page;
    });
  }

  async send(ref: ConversationRef, message: OutgoingMessage): Promise<void> {
    const content = message.texts.map((words) => ({ type: 'text', text: words }));
    const payload = {
      kind: 'create_message',
      messages: [{ role: 'user', content, client_message_id: message.clientId }],
    };
    // In the same tick, or the input may run on a runtime that is being put away (PROTOCOL b.12). Its answer says
    // nothing the input's does not, so only a failure is logged.
    this.resumeQueue(ref).catch((error: unknown) => {
      this.#logger.debug(`resume_queue before a message: ${String(error)}`);
    });
    const reply = await this.#input(ref, payload);
    if (!reply.accepted) throw new LettaError('refused', reply.message);
  }

  async answerApproval(
    ref: ConversationRef,
    answer: ApprovalAnswer,
  ): Promise<{ readonly accepted: boolean; readonly message: string }> {
    const { requestId, decision, reason } = answer;
    return this.#input(ref, {
      kind: 'approval_response',
      request_id: requestId,
      decision:
        decision === 'allow'
          ? { behavior: 'allow' }
          : // Required by the protocol, and what the model reads.
            { behavior: 'deny', message: reason === '' ? 'The user denied this.' : reason },
    });
  }

  async stop(ref: ConversationRef): Promise<boolean> {
    const reply = await this.#requests.ask({ type: 'abort_message', runtime: runtimeOf(ref) }, succeeded);
    return flag(reply, 'aborted') === true;
  }

  async removeQueued(ref: ConversationRef, itemId: string): Promise<void> {
    await this.#requests.ask(
      { type: 'remove_queue_item', runtime: runtimeOf(ref), item_id: itemId },
      succeeded,
    );
  }

  async resumeQueue(ref: ConversationRef): Promise<void> {
    await this.#requests.ask({ type: 'resume_queue', runtime: runtimeOf(ref) }, succeeded);
  }

  async setMode(ref: ConversationRef, mode: PermissionMode): Promise<void> {
    this.#link.send({ type: 'change_device_state', runtime: runtimeOf(ref), payload: { mode } });
    await this.#conversations.modeConfirmed(ref, (reported) => reported === mode);
    this.#conversations.changeMode(ref, mode);
  }

  async listModels(): Promise<readonly ModelInfo[]> {
    return this.#models.list();
  }

  async setModel(ref: ConversationRef, handle: string): Promise<void> {
    await this.#models.check(handle);
    const payload = { model_handle: handle };
    await this.#requests.ask({ type: 'update_model', runtime: runtimeOf(ref), payload }, succeeded);
  }

  async listProviders(): Promise<readonly ProviderInfo[]> {
    return this.#models.listProviders();
  }

  async connectProvider(
    providerId: string,
    fields: Readonly<Record<string, string>>,
    isAgain = false,
  ): Promise<void> {
    await this.#models.connectProvider(providerId, fields, isAgain);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    const closed = new LettaError('connectionLost', 'The connection was closed.');
    this.#requests.failAll(closed);
    this.#conversations.failWatches(closed);
    this.#models.dispose();
    this.#stateChanged.dispose();
    this.#received.dispose();
    this.#link.dispose();
  }

  async #checkVersion(): Promise<void> {
    const info = await this.#requests.ask({ type: 'app_server_info' }, succeeded);
    const version = info['protocol_version'];
    if (version === PROTOCOL_VERSION) return;
    const name = text(info, 'letta_code_version') ?? 'of an unknown version';
    throw new LettaError('protocol', `This Letta (${name}) speaks a protocol this extension does not know.`);
  }

  #input(
    ref: ConversationRef,
    payload: Frame,
  ): Promise<{ readonly accepted: boolean; readonly message: string }> {
    return this.#requests.ask({ type: 'input', runtime: runtimeOf(ref), payload }, (reply) => ({
      accepted: flag(reply, 'accepted') === true,
      message: text(reply, 'error') ?? '',
    }));
  }

  #receive({ frame, epoch, seq, at }: ReceivedFrame): void {
    if (this.#epoch !== null && epoch !== this.#epoch) return; // of a runtime that has ended
    const decoded = decodeFrame(frame);
    if (decoded.isMalformed) {
      this.#malformedCount++;
      this.#logger.warn(`A malformed frame was ignored (${String(this.#malformedCount)} so far)`);
      this.#tellUnreadable();
      return;
    }
    this.#logger.trace(`← ${text(frame, 'type') ?? ''} ${String(seq)}`);
    if (this.#requests.take(frame)) return;
    if (decoded.events.some((event) => event.type === 'memoryChanged')) this.memory.noteChange();
    if (decoded.ref !== null)
      for (const event of decoded.events) this.#conversations.take(decoded.ref, event);
    // What the agent's memory is written for is not said: it is told to the conversation that runs, if only one does.
    const ref = decoded.ref ?? this.#conversations.onlyRunning();
    if (ref === null) return;
    for (const stamped of stampEvents(decoded.events, at, epoch, seq)) {
      this.#received.fire({ ref, stamped });
    }
  }

  /** Whose it was stood in it: told to the conversation that runs, else to all. */
  #tellUnreadable(): void {
    const running = this.#conversations.onlyRunning();
    const told = running === null ? this.#conversations.all.map(({ ref }) => ref) : [running];
    for (const ref of told) this.#fire(ref, { type: 'unreadable' });
  }

  #fire(ref: ConversationRef, event: LettaEvent): void {
    this.#received.fire({ ref, stamped: { event, at: this.#clock.now(), stamp: null } });
  }

  #follow(state: LinkState): void {
    switch (state.kind) {
      case 'open':
        this.#opened(state.epoch);
        return;
      case 'restarting':
        this.#lost(new LettaError('connectionLost', state.message));
        this.#setState({ kind: 'restarting', attempt: state.attempt, message: state.message });
        return;
      case 'closed':
        this.#lost(state.error);
        this.#setState({ kind: 'closed', error: state.error });
        return;
    }
  }

  #opened(epoch: string): void {
    const before = this.#epoch;
    this.#epoch = epoch;
    const wasLost = this.#state.kind === 'restarting';
    if (before === null || (before === epoch && !wasLost)) {
      this.#setState({ kind: 'open' });
      return;
    }
    if (!wasLost) {
      this.#lost(new LettaError('connectionLost', 'Letta was started again.'));
    }
    void this.#openAgain(epoch).catch((error: unknown) => {
      this.#logger.error('Conversations could not be opened again', error);
    });
  }

  /** Nothing that ran goes on in a new process: every open conversation is started and read anew. */
  async #openAgain(epoch: string): Promise<void> {
    for (const conversation of this.#conversations.all) {
      try {
        await this.#starting.again(conversation);
        await this.readHistory(conversation.ref, null, REOPEN_PAGE);
      } catch (error) {
        // One that cannot be opened keeps what it shows; sending in it will say why it fails.
        this.#logger.warn(`A conversation could not be opened again: ${String(error)}`);
      }
      if (this.#epoch !== epoch || this.#link.state.kind !== 'open') return;
    }
    this.#setState({ kind: 'open' });
  }

  #lost(error: LettaError): void {
    this.#requests.failAll(error);
    this.#conversations.failWatches(error);
    this.#conversations.forgetDevices();
    for (const { ref } of this.#conversations.all) {
      this.#fire(ref, { type: 'connectionLost', message: error.message });
    }
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

function runtimeOf(ref: ConversationRef): Frame {
  return { agent_id: ref.agentId, conversation_id: ref.conversationId };
}

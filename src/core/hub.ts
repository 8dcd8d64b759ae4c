import type { LinkView, ModelView, SetupChoice, SetupView } from '../shared/panel.ts';
import type { NoticeAction } from '../shared/transcript.ts';
import { Emitter } from './emitter.ts';
import {
  LettaError,
  type AgentInfo,
  type ConnectionState,
  type LettaConnection,
  type ModelInfo,
} from './lettaConnection.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { Reconnecting } from './reconnecting.ts';

/** The server this window talks to, started on demand. */
export interface LettaServer {
  /** Words for the person: where it runs. */
  readonly place: string;
  connect(signal: AbortSignal): Promise<LettaConnection>;
  /** Starts the scripted demo model and tells the server about it; resolves when its model can be used. */
  startDemo(connection: LettaConnection): Promise<string>;
  /** Ends the server's process, which is then started again. */
  restart(): Promise<void>;
}

export interface HubSettings {
  readonly demoStartsByItself: boolean;
  readonly newAgentName: string;
}

export type HubState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'restarting'; readonly attempt: number; readonly message: string }
  | { readonly kind: 'ready'; readonly connection: LettaConnection }
  /** Lost, and tried again by itself. `retryAt`: epoch ms. */
  | { readonly kind: 'waiting'; readonly error: LettaError; readonly retryAt: number }
  | { readonly kind: 'failed'; readonly error: LettaError };

const DEMO_SUFFIX = '/letta-demo';
/** Models listed at first run before "all models" is offered. */
const MODELS_SHOWN = 4;

export function isDemoModel(handle: string): boolean {
  return handle.endsWith(DEMO_SUFFIX);
}

export function modelView(handle: string, models: readonly ModelInfo[]): ModelView {
  const known = models.find((model) => model.handle === handle);
  const label = isDemoModel(handle)
    ? 'Scripted demo'
    : (known?.label ?? handle.slice(handle.indexOf('/') + 1));
  return { handle, label, isDemo: isDemoModel(handle) };
}

/** Holds the connection of this window, the agents and models behind it, and what is missing before a first message. */
export class Hub implements Disposable {
  readonly #server: LettaServer;
  readonly #settings: () => HubSettings;
  readonly #logger: Logger;
  readonly #changed: Emitter<void>;
  readonly onDidChange;
  #state: HubState = { kind: 'idle' };
  #connecting: Promise<LettaConnection> | null = null;
  #abort = new AbortController();
  #subscription: Disposable | null = null;
  #agents: readonly AgentInfo[] = [];
  #models: readonly ModelInfo[] = [];
  #needsModel = false;
  #demoHandle: string | null = null;
  readonly #reconnecting: Reconnecting;
  /** There was a connection: one that is lost is tried again by itself. */
  #wasOpen = false;

  constructor(
    server: LettaServer,
    settings: () => HubSettings,
    logger: Logger,
    clock: Clock,
    random: () => number = Math.random,
  ) {
    this.#reconnecting = new Reconnecting(clock, random, () => {
      this.#logger.info(`Connecting to Letta again (try ${String(this.#reconnecting.tries)})`);
      // What comes of it is in the state.
      this.connect().catch(() => undefined);
    });
    this.#server = server;
    this.#settings = settings;
    this.#logger = logger;
    this.#changed = new Emitter<void>((error) => {
      logger.error('A listener of the connection failed', error);
    });
    this.onDidChange = this.#changed.event;
  }

  get state(): HubState {
    return this.#state;
  }

  get place(): string {
    return this.#server.place;
  }

  get agents(): readonly AgentInfo[] {
    return this.#agents;
  }

  get models(): readonly ModelInfo[] {
    return this.#models;
  }

  /** What stands between the person and a first message, or null. */
  get setup(): SetupView | null {
    return this.#needsModel && this.#state.kind === 'ready' ? setupView(this.#models) : null;
  }

  get link(): LinkView {
    return linkView(this.#state);
  }

  /** Connects once; later calls share the result. Rejects with a LettaError; calling again tries again. */
  connect(): Promise<LettaConnection> {
    if (this.#connecting === null) {
      this.#reconnecting.cancel();
      this.#set({ kind: 'connecting' });
      this.#connecting = this.#open();
    }
    return this.#connecting;
  }

  /** The agent a new chat talks to: the preferred one, else the newest; null when one has to be set up first. */
  async agentFor(preferredId: string | null): Promise<AgentInfo | null> {
    const connection = await this.connect();
    if (this.#agents.length === 0) await this.#refreshAgents(connection);
    const agent = this.#agents.find((one) => one.id === preferredId) ?? this.#agents[0];
    if (agent !== undefined) {
      this.#setNeedsModel(false);
      if (agent.modelHandle !== null && isDemoModel(agent.modelHandle)) await this.startDemo();
      return agent;
    }
    await this.refreshModels();
    if (this.#settings().demoStartsByItself && !this.#models.some((model) => model.isAvailable)) {
      return this.createAgent(await this.startDemo());
    }
    this.#setNeedsModel(true);
    return null;
  }

  async refreshAgents(): Promise<readonly AgentInfo[]> {
    const connection = await this.connect();
    await this.#refreshAgents(connection);
    return this.#agents;
  }

  async refreshModels(): Promise<readonly ModelInfo[]> {
    const connection = await this.connect();
    this.#models = await connection.listModels();
    this.#changed.fire();
    return this.#models;
  }

  /** Starts the scripted demo where it does not run yet; resolves to its model handle. */
  async startDemo(): Promise<string> {
    const connection = await this.connect();
    if (this.#demoHandle === null) {
      this.#demoHandle = await this.#server.startDemo(connection);
      this.#logger.info('The scripted demo model is ready');
      await this.refreshModels();
    }
    return this.#demoHandle;
  }

  async createAgent(modelHandle: string, name = this.#settings().newAgentName): Promise<AgentInfo> {
    const connection = await this.connect();
    const agent = await connection.createAgent({ name, modelHandle });
    this.#agents = [agent, ...this.#agents.filter((other) => other.id !== agent.id)];
    this.#setNeedsModel(false);
    this.#changed.fire();
    return agent;
  }

  async restartServer(): Promise<void> {
    this.#demoHandle = null;
    if (this.#state.kind === 'failed' || this.#state.kind === 'idle') {
      await this.connect();
      return;
    }
    await this.#server.restart();
  }

  /** Something changed that may bring a lost connection back: focus, network. */
  nudge(): void {
    if (this.#wasOpen && (this.#state.kind === 'waiting' || this.#state.kind === 'failed')) {
      this.#reconnecting.nudge();
    }
  }

  dispose(): void {
    this.#reconnecting.dispose();
    this.#abort.abort();
    this.#subscription?.dispose();
    if (this.#state.kind === 'ready') this.#state.connection.dispose();
    this.#changed.dispose();
  }

  async #open(): Promise<LettaConnection> {
    try {
      const connection = await this.#server.connect(this.#abort.signal);
      this.#subscription?.dispose();
      this.#subscription = connection.onDidChangeState((state) => {
        this.#follow(connection, state);
      });
      await this.#refreshAgents(connection);
      this.#reconnecting.succeeded();
      this.#wasOpen = true;
      this.#set({ kind: 'ready', connection });
      this.#logger.info(`Connected to Letta ${this.#server.place}`);
      return connection;
    } catch (error) {
      const failure =
        error instanceof LettaError
          ? error
          : new LettaError('unreachable', 'Letta could not be started.', { cause: error });
      this.#connecting = null;
      if (!this.#abort.signal.aborted) {
        this.#logger.error('Not connected to Letta', failure);
        this.#fail(failure);
      }
      throw failure;
    }
  }

  #follow(connection: LettaConnection, state: ConnectionState): void {
    switch (state.kind) {
      case 'connecting':
        return;
      case 'open':
        this.#set({ kind: 'ready', connection });
        return;
      case 'restarting':
        this.#demoHandle = null;
        this.#set({ kind: 'restarting', attempt: state.attempt, message: state.message });
        return;
      case 'closed':
        this.#connecting = null;
        this.#demoHandle = null;
        this.#subscription?.dispose();
        connection.dispose();
        this.#logger.error('The connection to Letta ended', state.error);
        this.#fail(state.error);
        return;
    }
  }

  #fail(error: LettaError): void {
    const retryAt = this.#wasOpen ? this.#reconnecting.failed(error.reason) : null;
    this.#set(retryAt === null ? { kind: 'failed', error } : { kind: 'waiting', error, retryAt });
  }

  async #refreshAgents(connection: LettaConnection): Promise<void> {
    this.#agents = await connection.listAgents();
  }

  #setNeedsModel(needsModel: boolean): void {
    if (this.#needsModel === needsModel) return;
    this.#needsModel = needsModel;
    this.#changed.fire();
  }

  #set(state: HubState): void {
    this.#state = state;
    this.#changed.fire();
  }
}

function linkView(state: HubState): LinkView {
  switch (state.kind) {
    case 'idle':
    case 'connecting':
      return { state: 'starting', text: 'Starting Letta…', detail: '', retryAt: null, actions: [] };
    case 'ready':
      return { state: 'ready', text: '', detail: '', retryAt: null, actions: [] };
    case 'restarting':
      return {
        state: 'reconnecting',
        text: `Letta stopped and is being started again (attempt ${String(state.attempt)} of 3).`,
        detail: state.message,
        retryAt: null,
        actions: ['showLog'],
      };
    case 'waiting':
      return {
        state: 'reconnecting',
        text: state.error.message,
        detail: '',
        retryAt: state.retryAt,
        actions: ['reconnect', 'showLog'],
      };
    case 'failed':
      return {
        state: 'failed',
        text: state.error.message,
        detail: '',
        retryAt: null,
        actions: failureActions(state.error),
      };
  }
}

function failureActions(error: LettaError): readonly NoticeAction[] {
  switch (error.reason) {
    case 'gitMissing':
      return ['installGit', 'reconnect'];
    case 'unauthorised':
      return ['fixKey', 'reconnect'];
    case 'runtimeGaveUp':
    case 'runtimeMissing':
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
    case 'notFound':
    case 'protocol':
    case 'refused':
      return ['reconnect', 'showLog'];
  }
}

function setupView(models: readonly ModelInfo[]): SetupView {
  const usable = models.filter((model) => model.isAvailable && !isDemoModel(model.handle));
  const found = usable.slice(0, MODELS_SHOWN).map((model): SetupChoice => ({
    id: `model:${model.handle}`,
    icon: 'vm',
    label: model.label,
    state: 'ready',
    stateText: 'Ready',
    detail: model.provider,
    group: 'found',
  }));
  const rest: SetupChoice[] =
    usable.length > MODELS_SHOWN
      ? [choice('models', 'list-unordered', `All ${String(usable.length)} models…`, '', 'found')]
      : [];
  return {
    choices: [
      ...found,
      ...rest,
      choice(
        'provider',
        'key',
        'Connect a model provider…',
        'Anthropic, OpenAI, Ollama and others',
        'connect',
      ),
      choice('demo', 'play', 'Try the scripted demo', 'No account, nothing leaves this computer.', 'connect'),
    ],
  };
}

function choice(
  id: string,
  icon: string,
  label: string,
  detail: string,
  group: SetupChoice['group'],
): SetupChoice {
  return { id, icon, label, detail, group, state: 'none', stateText: '' };
}

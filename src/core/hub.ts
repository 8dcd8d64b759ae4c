import type { LinkView, ModelView, SetupView } from '../shared/panel.ts';
import { Emitter } from './emitter.ts';
import type { FirstRun } from './firstRun.ts';
import {
  LettaError,
  type AgentInfo,
  type ConnectionState,
  type LettaConnection,
  type ModelInfo,
} from './lettaConnection.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { linkView } from './linkView.ts';
import { Reconnecting } from './reconnecting.ts';
import { NOTHING_FOUND } from './scout.ts';
import { agentsView, setupView } from './setupView.ts';

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
const NOTHING_KNOWN = {
  findings: NOTHING_FOUND,
  busy: new Map<string, string>(),
  failed: new Map<string, string>(),
  startsFresh: false,
};

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
  readonly #firstRun: FirstRun | null;
  readonly #firstRunSubscription: Disposable | null;
  readonly #changed: Emitter<void>;
  readonly onDidChange;
  #state: HubState = { kind: 'idle' };
  #connecting: Promise<LettaConnection> | null = null;
  /** Counts the servers that were chosen: what comes from a former one is dropped. */
  #generation = 0;
  #abort = new AbortController();
  #subscription: Disposable | null = null;
  #agents: readonly AgentInfo[] = [];
  #models: readonly ModelInfo[] = [];
  /** What a person has to choose before anything can be said. */
  #missing: 'model' | 'agent' | null = null;
  /** On a server that was just chosen: which of its agents is meant is asked, where there are several. */
  #asksForAgent = false;
  #chosenAgentId: string | null = null;
  /** Under way or started: several conversations of the demo come back at once. */
  #demo: Promise<string> | null = null;
  readonly #reconnecting: Reconnecting;
  /** There was a connection: one that is lost is tried again by itself. */
  #wasOpen = false;

  constructor(
    server: LettaServer,
    settings: () => HubSettings,
    logger: Logger,
    clock: Clock,
    firstRun: FirstRun | null = null,
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
    this.#firstRun = firstRun;
    this.#firstRunSubscription =
      firstRun?.onDidChange(() => {
        if (this.#missing !== null) this.#changed.fire();
      }) ?? null;
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
    if (this.#missing === null || this.#state.kind !== 'ready') return null;
    return this.#missing === 'agent' ? agentsView(this.#agents) : this.firstRunView;
  }

  /** What was found on this computer and can be connected, also where nothing is missing. */
  get firstRunView(): SetupView {
    return this.#firstRun?.view(this.#models) ?? setupView({ ...NOTHING_KNOWN, models: this.#models });
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
    const wantedId = preferredId ?? this.#chosenAgentId;
    const wanted = this.#agents.find((one) => one.id === wantedId);
    if (wanted === undefined && this.#asksForAgent && this.#agents.length > 1) {
      this.#setMissing('agent');
      return null;
    }
    const agent = wanted ?? this.#agents[0];
    if (agent !== undefined) {
      this.#setMissing(null);
      return agent;
    }
    await this.refreshModels();
    if (this.#settings().demoStartsByItself && !this.#models.some((model) => model.isAvailable)) {
      return this.createAgent(await this.startDemo());
    }
    if (this.#missing === null) this.#firstRun?.look();
    this.#setMissing('model');
    return null;
  }

  /** Resolves when the agent's model can be asked; the demo is ours to start. What is shown does not wait for it. */
  async modelReady(agent: AgentInfo): Promise<void> {
    if (agent.modelHandle !== null && isDemoModel(agent.modelHandle)) await this.startDemo();
  }

  /** Which of the server's agents a new chat talks to. */
  chooseAgent(agentId: string): void {
    this.#chosenAgentId = agentId;
    this.#asksForAgent = false;
    this.#setMissing(null);
  }

  /**
   * `connect` leads to another server now: what was known of the former is forgotten. Rejects as `connect` does.
   * `asksForAgent`: where it has several agents, the person is asked which one is meant.
   */
  async serverChanged(asksForAgent: boolean): Promise<void> {
    this.#generation++;
    this.#subscription?.dispose();
    if (this.#state.kind === 'ready') this.#state.connection.dispose();
    this.#connecting = null;
    this.#agents = [];
    this.#models = [];
    this.#missing = null;
    this.#chosenAgentId = null;
    this.#demo = null;
    this.#asksForAgent = asksForAgent;
    await this.connect();
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
    this.#demo ??= this.#startDemo(connection);
    return this.#demo;
  }

  async #startDemo(connection: LettaConnection): Promise<string> {
    try {
      const handle = await this.#server.startDemo(connection);
      this.#logger.info('The scripted demo model is ready');
      await this.refreshModels();
      return handle;
    } catch (error) {
      this.#demo = null;
      throw error;
    }
  }

  async createAgent(modelHandle: string, name = this.#settings().newAgentName): Promise<AgentInfo> {
    const connection = await this.connect();
    const agent = await connection.createAgent({ name, modelHandle });
    this.#agents = [agent, ...this.#agents.filter((other) => other.id !== agent.id)];
    this.#chosenAgentId = agent.id;
    this.#missing = null;
    this.#changed.fire();
    return agent;
  }

  async restartServer(): Promise<void> {
    this.#demo = null;
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
    this.#firstRunSubscription?.dispose();
    if (this.#state.kind === 'ready') this.#state.connection.dispose();
    this.#changed.dispose();
  }

  async #open(): Promise<LettaConnection> {
    const generation = this.#generation;
    try {
      const connection = await this.#server.connect(this.#abort.signal);
      if (generation !== this.#generation) {
        connection.dispose();
        throw new LettaError('connectionLost', 'Another server was chosen meanwhile.');
      }
      this.#subscription?.dispose();
      const subscriptions = [
        connection.onDidChangeState((state) => {
          this.#follow(connection, state);
        }),
        connection.onDidChangeWorking(() => {
          this.#changed.fire();
        }),
      ];
      this.#subscription = {
        dispose: () =>
          subscriptions.map((one) => {
            one.dispose();
          }),
      };
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
      if (generation !== this.#generation) throw failure;
      this.#connecting = null;
      if (!this.#abort.signal.aborted) {
        // It was there and went away before all was said that has to be said first.
        this.#wasOpen ||= failure.reason === 'connectionLost';
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
        this.#demo = null;
        this.#set({ kind: 'restarting', attempt: state.attempt, message: state.message });
        return;
      case 'closed':
        this.#connecting = null;
        this.#demo = null;
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

  #setMissing(missing: 'model' | 'agent' | null): void {
    if (this.#missing === missing) return;
    this.#missing = missing;
    this.#changed.fire();
  }

  #set(state: HubState): void {
    this.#state = state;
    this.#changed.fire();
  }
}

import type { SetupView } from '../shared/panel.ts';
import { awaitModel, isListed } from './awaitModel.ts';
import { Emitter } from './emitter.ts';
import { LettaError, type LettaConnection, type ModelInfo } from './lettaConnection.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { NOTHING_FOUND, PROMPT_FLOOR_TOKENS } from './scout.ts';
import type { Findings, FoundModel, LocalServerKind, LocalServerReport, Scout } from './scout.ts';
import { copyTokens, isTooSmall, localChoiceId, setupView } from './setupView.ts';

/** What came of choosing a local model. */
export type Prepared =
  | { readonly kind: 'ready'; readonly handle: string }
  /** It turned out too small: its row now says so, with the fix. */
  | { readonly kind: 'needsFix' }
  /** Only the person can do this: a command for a terminal. */
  | { readonly kind: 'advice'; readonly server: LocalServerKind; readonly command: string };

/** What stands between a new person and a first reply: looks around, and carries out the one fix of a row. */
export class FirstRun implements Disposable {
  readonly #scout: Scout;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changed: Emitter<void>;
  readonly #busy = new Map<string, string>();
  readonly #failed = new Map<string, string>();
  #findings: Findings = NOTHING_FOUND;
  #looking: AbortController | null = null;
  #startsFresh = false;

  constructor(scout: Scout, clock: Clock, logger: Logger) {
    this.#scout = scout;
    this.#clock = clock;
    this.#logger = logger;
    this.#changed = new Emitter((error) => {
      logger.error('A listener of the first run failed', error);
    });
  }

  get onDidChange() {
    return this.#changed.event;
  }

  get findings(): Findings {
    return this.#findings;
  }

  view(models: readonly ModelInfo[]): SetupView {
    return setupView({
      findings: this.#findings,
      models,
      busy: this.#busy,
      failed: this.#failed,
      startsFresh: this.#startsFresh,
    });
  }

  /** Looks (again). What is found is shown as soon as it is known. */
  look(): void {
    this.#looking?.abort();
    const looking = new AbortController();
    this.#looking = looking;
    this.#failed.clear();
    this.#set({ ...this.#findings, isLooking: true, keys: this.#scout.keys() });
    const learn = async <T>(what: string, asked: Promise<T>, take: (value: T) => Partial<Findings>) => {
      try {
        const value = await asked;
        if (!looking.signal.aborted) this.#set({ ...this.#findings, ...take(value) });
      } catch (error) {
        if (!looking.signal.aborted) this.#logger.warn(`Looking for ${what} failed: ${String(error)}`);
      }
    };
    void Promise.all([
      learn('model servers', this.#scout.localModels(looking.signal), (servers) => ({ servers })),
      learn('an installed Letta Code', this.#scout.installedLetta(), (installed) => ({ installed })),
    ]).then(() => {
      if (!looking.signal.aborted) this.#set({ ...this.#findings, isLooking: false });
    });
  }

  /** The person wants none of the agents that were found. */
  startFresh(): void {
    this.#startsFresh = true;
    this.#changed.fire();
  }

  /** Does what a local model needs, until the server lists it. */
  async prepare(handle: string, connection: LettaConnection): Promise<Prepared> {
    const id = localChoiceId(handle);
    const found = this.#model(handle);
    if (found === undefined) throw new LettaError('notFound', 'This model is not there any more.');
    if (this.#busy.has(id)) return { kind: 'needsFix' };
    return this.#during(id, async (signal) => {
      let model = found;
      if (model.server === 'ollama' && model.servedTokens === null) {
        model = await this.#load(model, signal);
        if (isTooSmall(model)) return { kind: 'needsFix' };
      } else if (isTooSmall(model) && model.server === 'ollama') {
        this.#setBusy(id, 'Making a copy…');
        model = await this.#scout.copyWith(model, copyTokens(model), signal);
      } else if (model.servedTokens === null || isTooSmall(model)) {
        return { kind: 'advice', server: model.server, command: commandFor(model) };
      }
      this.#setBusy(id, 'Connecting…');
      await this.#connect(model, connection);
      return { kind: 'ready', handle: model.handle };
    });
  }

  /** Shows on a row what is being done, and on failure why it did not work. */
  async during<T>(choiceId: string, doing: string, action: () => Promise<T>): Promise<T> {
    this.#setBusy(choiceId, doing);
    return this.#during(choiceId, action);
  }

  dispose(): void {
    this.#looking?.abort();
    this.#changed.dispose();
  }

  async #during<T>(id: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    try {
      this.#failed.delete(id);
      return await action(limit.signal);
    } catch (error) {
      const message = error instanceof LettaError ? error.message : 'Something went wrong; see the log.';
      this.#logger.error(`First run, ${id}`, error);
      this.#failed.set(id, message);
      throw error;
    } finally {
      limit.abort();
      this.#busy.delete(id);
      this.#changed.fire();
    }
  }

  async #load(model: FoundModel, signal: AbortSignal): Promise<FoundModel> {
    this.#setBusy(localChoiceId(model.handle), 'Loading…');
    const servedTokens = await this.#scout.servedTokens(model, signal);
    if (servedTokens === null) {
      throw new LettaError('refused', `${model.serverName} does not say how much ${model.name} can read.`);
    }
    const known = { ...model, servedTokens };
    this.#set({ ...this.#findings, servers: this.#findings.servers.map((one) => withModel(one, known)) });
    return known;
  }

  /** Letta finds servers at their usual address by itself; elsewhere, and where it does not, it is told. */
  async #connect(model: FoundModel, connection: LettaConnection): Promise<void> {
    if (isListed(await connection.listModels(), model.handle)) return;
    await connection.connectProvider(model.server, { baseUrl: model.baseUrl });
    await awaitModel(connection, model.handle, this.#clock);
  }

  #model(handle: string): FoundModel | undefined {
    return this.#findings.servers.flatMap(({ models }) => models).find((model) => model.handle === handle);
  }

  #setBusy(id: string, doing: string): void {
    this.#busy.set(id, doing);
    this.#changed.fire();
  }

  #set(findings: Findings): void {
    this.#findings = findings;
    this.#changed.fire();
  }
}

function withModel(server: LocalServerReport, model: FoundModel): LocalServerReport {
  return {
    ...server,
    models: server.models.map((one) => (one.handle === model.handle ? model : one)),
  };
}

function commandFor(model: FoundModel): string {
  const tokens = String(Math.max(PROMPT_FLOOR_TOKENS, copyTokens(model)));
  return model.server === 'llama-cpp'
    ? `-c ${tokens}`
    : `lms load ${/^[\w./:@-]+$/.test(model.name) ? model.name : '<model>'} --context-length ${tokens}`;
}

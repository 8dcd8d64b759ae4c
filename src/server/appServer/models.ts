import { LettaError } from '../../core/lettaConnection.ts';
import type { ModelInfo } from '../../core/lettaConnection.ts';
import type { Clock } from '../../core/ports.ts';
import { modelInfos, providerInfos } from './catalog.ts';
import type { ListedProvider } from './catalog.ts';
import { succeeded } from './requests.ts';
import type { Requests } from './requests.ts';

/** A provider that was just connected shows its models only after a moment. */
const POLL_MS = 250;
const POLL_LIMIT_MS = 5_000;

/** Models and the providers they come from. Keys pass through and are not kept. */
export class Models {
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #pauses = new Set<() => void>();
  #listed: readonly ModelInfo[] = [];
  #providers: readonly ListedProvider[] = [];
  /** What was there before the last provider was connected: more is waited for until then. */
  #awaited: { readonly before: readonly ModelInfo[]; readonly until: number } | null = null;

  constructor(requests: Requests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  async list(): Promise<readonly ModelInfo[]> {
    for (;;) {
      const models = await this.#requests.ask({ type: 'list_models', force: true }, (reply) =>
        modelInfos(succeeded(reply)),
      );
      this.#listed = models;
      if (!this.#isWorthWaiting(models)) return models;
      await this.#pause();
    }
  }

  /** The server takes any handle and fails at the next message (PROTOCOL b.9): only listed ones are let through. */
  async check(handle: string): Promise<void> {
    const isListed = (model: ModelInfo): boolean => model.handle === handle;
    if (this.#listed.some(isListed) || (await this.list()).some(isListed)) return;
    throw new LettaError('refused', `There is no model ${handle}.`);
  }

  async listProviders(): Promise<readonly ListedProvider[]> {
    const providers = await this.#requests.ask({ type: 'list_connect_providers', target: 'local' }, (reply) =>
      providerInfos(succeeded(reply)),
    );
    this.#providers = providers;
    return providers;
  }

  async connectProvider(
    providerId: string,
    fields: Readonly<Record<string, string>>,
    isAgain: boolean,
  ): Promise<void> {
    if (this.#providers.length === 0) await this.listProviders();
    const method = this.#providers.find((provider) => provider.id === providerId)?.authMethodId ?? null;
    const frame = {
      type: 'connect_provider',
      target: 'local',
      provider_id: providerId,
      ...(method === null ? {} : { auth_method_id: method }),
      fields,
    };
    await this.#requests.ask(frame, succeeded);
    if (!isAgain) this.#awaited = { before: this.#listed, until: this.#clock.now() + POLL_LIMIT_MS };
  }

  dispose(): void {
    this.#awaited = null;
    for (const end of [...this.#pauses]) end();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.dispose();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#clock.after(POLL_MS, end);
      this.#pauses.add(end);
    });
  }

  #isWorthWaiting(models: readonly ModelInfo[]): boolean {
    const awaited = this.#awaited;
    if (awaited === null) return false;
    const known = new Set(awaited.before.filter((model) => model.isAvailable).map((model) => model.handle));
    const hasNew = models.some((model) => model.isAvailable && !known.has(model.handle));
    if (!hasNew && this.#clock.now() < awaited.until) return true;
    this.#awaited = null;
    return false;
  }
}

import { LettaError } from '../../core/lettaConnection.ts';
import type { FoundKey, FoundModel, InstalledLetta, LocalServerReport, Scout } from '../../core/scout.ts';
import { findInstalledLetta } from './installedLetta.ts';
import { lookAtLlamaCpp, lookAtLmStudio } from './openAiServers.ts';
import { copyInOllama, loadInOllama, lookAtOllama } from './ollama.ts';
import { keysIn } from './providerKeys.ts';
import { isLoopback, originsOf } from './serverProbe.ts';

export interface LocalScoutOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The installed Letta Code is what is used already. */
  readonly usesInstalled: () => boolean;
  /** Addresses of the model servers; '' is the usual one. Others than on this computer are not asked. */
  readonly addresses: () => Readonly<Record<'ollama' | 'lmStudio' | 'llamaCpp', string>>;
}

const USUAL = {
  ollama: 'http://127.0.0.1:11434',
  lmStudio: 'http://127.0.0.1:1234',
  llamaCpp: 'http://127.0.0.1:8080',
} as const;

export class LocalScout implements Scout {
  readonly #options: LocalScoutOptions;

  constructor(options: LocalScoutOptions) {
    this.#options = options;
  }

  async localModels(signal: AbortSignal): Promise<readonly LocalServerReport[]> {
    const looks = [
      { origin: this.#origin('ollama'), look: lookAtOllama },
      { origin: this.#origin('lmStudio'), look: lookAtLmStudio },
      { origin: this.#origin('llamaCpp'), look: lookAtLlamaCpp },
    ];
    const reports = await Promise.all(
      looks.map(async ({ origin, look }) => (origin === null ? null : await look(origin, signal))),
    );
    return reports.filter((report) => report !== null);
  }

  keys(): readonly FoundKey[] {
    return keysIn(this.#options.env);
  }

  async installedLetta(): Promise<InstalledLetta | null> {
    if (this.#options.usesInstalled()) return null;
    return await findInstalledLetta(this.#options.home, this.#options.env);
  }

  async servedTokens(model: FoundModel, signal: AbortSignal): Promise<number | null> {
    return model.server === 'ollama' ? loadInOllama(model, signal) : model.servedTokens;
  }

  copyWith(model: FoundModel, tokens: number, signal: AbortSignal): Promise<FoundModel> {
    if (model.server === 'ollama') return copyInOllama(model, tokens, signal);
    return Promise.reject(new LettaError('refused', `${model.serverName} cannot make copies.`));
  }

  #origin(server: keyof typeof USUAL): string | null {
    const address = this.#options.addresses()[server];
    const [origin] = originsOf(address === '' ? USUAL[server] : address);
    return origin !== undefined && isLoopback(new URL(origin).hostname) ? origin : null;
  }
}

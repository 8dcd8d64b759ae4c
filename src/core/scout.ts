/** Looks around on this computer for what a first message needs. Finds out only: what is used, the person chooses. */
export interface Scout {
  /** Model servers that answer on this computer, each model with what it really serves. */
  localModels(signal: AbortSignal): Promise<readonly LocalServerReport[]>;
  /** Keys of model providers in the environment: their names, never the keys. */
  keys(): readonly FoundKey[];
  /** Agents of a Letta Code that the person has installed; null without any. */
  installedLetta(): Promise<InstalledLetta | null>;
  /** Has the server load the model, which takes as long as it takes, and reads what it then serves. Null: it does not say. */
  servedTokens(model: FoundModel, signal: AbortSignal): Promise<number | null>;
  /** Makes a copy of an Ollama model that serves so many tokens; no download. Resolves to the copy. */
  copyWith(model: FoundModel, tokens: number, signal: AbortSignal): Promise<FoundModel>;
}

export type LocalServerKind = 'ollama' | 'lmstudio' | 'llama-cpp';

export interface LocalServerReport {
  readonly kind: LocalServerKind;
  /** Its proper name. */
  readonly name: string;
  readonly models: readonly FoundModel[];
  /** Models left out because they cannot call tools, only embed, or never take a prompt as long as Letta's. */
  readonly unfitCount: number;
}

export interface FoundModel {
  readonly server: LocalServerKind;
  readonly serverName: string;
  /** What Letta connects to: `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string;
  readonly name: string;
  /** As Letta calls it. */
  readonly handle: string;
  /** Context it is served with; null: known only once it is loaded. */
  readonly servedTokens: number | null;
  /** What the model itself can take at most; null: not said. */
  readonly maxTokens: number | null;
}

export interface FoundKey {
  /** `ANTHROPIC_API_KEY`. */
  readonly variable: string;
  readonly providerId: string;
  readonly providerName: string;
  /** Where text goes: `api.anthropic.com`. */
  readonly host: string;
}

export interface InstalledLetta {
  readonly backendDir: string;
  /** The `letta` on PATH; null: none. */
  readonly lettaPath: string | null;
  readonly agentCount: number;
  /** Of the newest ones. */
  readonly agentNames: readonly string[];
}

export interface Findings {
  readonly isLooking: boolean;
  readonly servers: readonly LocalServerReport[];
  readonly keys: readonly FoundKey[];
  readonly installed: InstalledLetta | null;
}

export const NOTHING_FOUND: Findings = { isLooking: false, servers: [], keys: [], installed: null };

/** Letta's own prompt: 19 tools and its instructions are about 20,000 tokens (measured, 83 KB). */
export const PROMPT_FLOOR_TOKENS = 20_000;
export const COPY_TOKENS = 32_768;

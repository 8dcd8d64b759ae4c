import { LettaError } from '../../core/lettaConnection.ts';
import { PROMPT_FLOOR_TOKENS } from '../../core/scout.ts';
import type { FoundModel, LocalServerReport } from '../../core/scout.ts';
import { http, HttpFailure, httpObject, nameOf, parsedObject, records, tokensOf } from './http.ts';

const LOOK_MS = 2_000;
/** Letta Code gives a model as long to load. */
const LOAD_MS = 120_000;
const COPY_MS = 120_000;
const MAX_MODELS = 40;

/**
 * Ollama. What it serves is not what the model can take: `/api/ps` says it for loaded models (`context_length`), the
 * Modelfile's `num_ctx` for the others; where neither does, it depends on the server's settings and memory, and only
 * loading tells. See docs.ollama.com/api.
 */
export async function lookAtOllama(origin: string, signal: AbortSignal): Promise<LocalServerReport | null> {
  const look = { limitMs: LOOK_MS, signal };
  const tags = await answered(httpObject(`${origin}/api/tags`, look));
  if (tags === null || !Array.isArray(tags['models'])) return null;
  const loaded = contexts(await answered(httpObject(`${origin}/api/ps`, look)));
  const names = records(tags['models'], MAX_MODELS).flatMap(
    (model) => nameOf(model['name'] ?? model['model']) ?? [],
  );
  const described = await Promise.all(
    names.map(async (name) => {
      const show = await answered(
        httpObject(`${origin}/api/show`, { ...look, method: 'POST', body: { model: name } }),
      );
      return show === null ? null : describe(origin, name, show, loaded.get(name) ?? null);
    }),
  );
  const fit = described.filter((model) => model !== null);
  // A copy that is there already is the fix of what it was made from.
  const models = fit.filter((model) => !fit.some(({ name }) => name === copyName(model.name)));
  return { kind: 'ollama', name: 'Ollama', models, unfitCount: names.length - fit.length };
}

/** Loads the model as an empty question does, and reads what it is served with. */
export async function loadInOllama(model: FoundModel, signal: AbortSignal): Promise<number | null> {
  const origin = originOf(model);
  const body = { model: model.name, prompt: '', stream: false };
  const { status, text } = await orSay(
    http(`${origin}/api/generate`, { method: 'POST', body, limitMs: LOAD_MS, signal }),
    `Ollama did not load ${model.name} in time.`,
  );
  if (status !== 200)
    throw new LettaError('refused', `Ollama could not load ${model.name}: ${errorOf(text)}`);
  const running = await httpObject(`${origin}/api/ps`, { limitMs: LOOK_MS, signal });
  return contexts(running).get(model.name) ?? null;
}

/** The same weights under another name, served with more: nothing is downloaded. */
export async function copyInOllama(
  model: FoundModel,
  tokens: number,
  signal: AbortSignal,
): Promise<FoundModel> {
  const name = copyName(model.name);
  const body = { model: name, from: model.name, parameters: { num_ctx: tokens }, stream: false };
  const { status, text } = await orSay(
    http(`${originOf(model)}/api/create`, { method: 'POST', body, limitMs: COPY_MS, signal }),
    'Ollama did not make the copy in time.',
  );
  if (status !== 200) throw new LettaError('refused', `Ollama did not make the copy: ${errorOf(text)}`);
  return { ...model, name, handle: `ollama/${name}`, servedTokens: tokens };
}

export function copyName(name: string): string {
  return `${name}-32k`;
}

function describe(
  origin: string,
  name: string,
  show: Readonly<Record<string, unknown>>,
  loadedTokens: number | null,
): FoundModel | null {
  const { capabilities, model_info: info, parameters } = show;
  // Older servers do not say what a model can do: then it is not ruled out.
  if (Array.isArray(capabilities) && !(capabilities.includes('tools') && capabilities.includes('completion')))
    return null;
  const details = typeof info === 'object' && info !== null ? Object.entries(info) : [];
  const maxTokens = tokensOf(details.find(([key]) => key.endsWith('.context_length'))?.[1]);
  if (maxTokens !== null && maxTokens < PROMPT_FLOOR_TOKENS) return null;
  const set = typeof parameters === 'string' ? /^num_ctx\s+(\d+)\s*$/m.exec(parameters)?.[1] : undefined;
  return {
    server: 'ollama',
    serverName: 'Ollama',
    baseUrl: `${origin}/v1`,
    name,
    handle: `ollama/${name}`,
    servedTokens: loadedTokens ?? (set === undefined ? null : tokensOf(Number(set))),
    maxTokens,
  };
}

function contexts(running: Readonly<Record<string, unknown>> | null): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const model of records(running?.['models'], MAX_MODELS)) {
    const name = nameOf(model['name'] ?? model['model']);
    const tokens = tokensOf(model['context_length']);
    if (name !== null && tokens !== null) found.set(name, tokens);
  }
  return found;
}

function originOf(model: FoundModel): string {
  return new URL(model.baseUrl).origin;
}

/** Not there, or not what it should be: as good as no answer. */
async function answered<T>(asked: Promise<T | null>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HttpFailure) return null;
    throw error;
  }
}

async function orSay<T>(asked: Promise<T>, tooLate: string): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const message = error.reason === 'timeout' ? tooLate : 'Ollama does not answer any more.';
    throw new LettaError(error.reason === 'timeout' ? 'timeout' : 'unreachable', message, { cause: error });
  }
}

function errorOf(text: string): string {
  const error = parsedObject(text)?.['error'];
  return typeof error === 'string' ? error.replaceAll(/\p{Cc}/gu, ' ').slice(0, 300) : 'it said no.';
}

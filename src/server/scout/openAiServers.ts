import { PROMPT_FLOOR_TOKENS } from '../../core/scout.ts';
import type { FoundModel, LocalServerKind, LocalServerReport } from '../../core/scout.ts';
import { HttpFailure, httpObject, nameOf, records, tokensOf } from './http.ts';

const LOOK_MS = 2_000;
const MAX_MODELS = 40;

type Fields = Readonly<Record<string, unknown>>;

/** LM Studio's own list says of each model what kind it is, whether it is loaded, and with how many tokens. */
export async function lookAtLmStudio(origin: string, signal: AbortSignal): Promise<LocalServerReport | null> {
  const list = await ask(`${origin}/api/v0/models`, signal);
  if (list === null || !Array.isArray(list['data'])) return null;
  const all = records(list['data'], MAX_MODELS);
  const models = all.flatMap((model) => {
    const maxTokens = tokensOf(model['max_context_length']);
    const { type, capabilities } = model;
    const isTooShort = maxTokens !== null && maxTokens < PROMPT_FLOOR_TOKENS;
    // Newer versions list what a model can do; older ones do not, and then it is not ruled out.
    const hasNoTools = Array.isArray(capabilities) && !capabilities.includes('tool_use');
    if (type === 'embeddings' || isTooShort || hasNoTools) return [];
    const isLoaded = model['state'] === 'loaded';
    const servedTokens = isLoaded ? tokensOf(model['loaded_context_length']) : null;
    return found('lmstudio', 'LM Studio', origin, 'lmstudio', model['id'], servedTokens, maxTokens);
  });
  return { kind: 'lmstudio', name: 'LM Studio', models, unfitCount: all.length - models.length };
}

/** llama.cpp serves what it was started with; `n_ctx` is what one conversation gets of it. */
export async function lookAtLlamaCpp(origin: string, signal: AbortSignal): Promise<LocalServerReport | null> {
  const props = await ask(`${origin}/props`, signal);
  const settings = props?.['default_generation_settings'];
  if (typeof settings !== 'object' || settings === null) return null;
  const servedTokens = tokensOf((settings as Fields)['n_ctx']);
  const list = await ask(`${origin}/v1/models`, signal);
  const models = records(list?.['data'], MAX_MODELS).flatMap((model) => {
    const { meta } = model;
    const trained =
      typeof meta === 'object' && meta !== null ? tokensOf((meta as Fields)['n_ctx_train']) : null;
    return found('llama-cpp', 'llama.cpp', origin, 'llama.cpp', model['id'], servedTokens, trained);
  });
  return { kind: 'llama-cpp', name: 'llama.cpp', models, unfitCount: 0 };
}

function found(
  server: LocalServerKind,
  serverName: string,
  origin: string,
  prefix: string,
  id: unknown,
  servedTokens: number | null,
  maxTokens: number | null,
): readonly FoundModel[] {
  const name = nameOf(id);
  if (name === null) return [];
  const baseUrl = `${origin}/v1`;
  return [{ server, serverName, baseUrl, name, handle: `${prefix}/${name}`, servedTokens, maxTokens }];
}

async function ask(url: string, signal: AbortSignal): Promise<Fields | null> {
  try {
    return await httpObject(url, { limitMs: LOOK_MS, signal });
  } catch (error) {
    // Nothing answers there, or something else does.
    if (error instanceof HttpFailure) return null;
    throw error;
  }
}

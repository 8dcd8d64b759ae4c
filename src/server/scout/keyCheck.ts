import { baseUrlOf, hostOf, providerOf } from './providerKeys.ts';
import { http, HttpFailure } from './http.ts';

const LIMIT_MS = 8_000;

export type KeyVerdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'refused'; readonly host: string }
  | { readonly kind: 'unreachable'; readonly host: string }
  /** The provider has no call that tells, or gave an answer that does not. */
  | { readonly kind: 'unknown' };

const UNKNOWN: KeyVerdict = { kind: 'unknown' };
/** Servers that people run themselves: their address is a field, a key need not be. */
const ADDRESSED: Readonly<Record<string, string | null>> = {
  'openai-compatible': null,
  ollama: 'http://127.0.0.1:11434/v1',
  lmstudio: 'http://127.0.0.1:1234/v1',
  'llama-cpp': 'http://127.0.0.1:8080/v1',
};

/** Asks the provider for something that costs nothing, before the first message does. */
export async function checkKey(
  providerId: string,
  fields: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<KeyVerdict> {
  const request = requestFor(providerId, fields, env);
  if (request === null) return UNKNOWN;
  const host = hostOf(request.url);
  if (host === null) return { kind: 'unreachable', host: request.url.slice(0, 200) };
  try {
    const { headers } = request;
    const answer = await http(request.url, { headers, limitMs: LIMIT_MS, ...(signal && { signal }) });
    if (answer.status === 401 || answer.status === 403) return { kind: 'refused', host };
    // Google's way to say it.
    if (answer.status === 400 && answer.text.includes('API_KEY_INVALID')) return { kind: 'refused', host };
    return answer.status === 200 ? { kind: 'good' } : UNKNOWN;
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return error.reason === 'tooLong' ? { kind: 'good' } : { kind: 'unreachable', host };
  }
}

function requestFor(
  providerId: string,
  fields: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } | null {
  const key = fields['apiKey'] ?? '';
  const usual = ADDRESSED[providerId];
  if (usual !== undefined) {
    const base = fields['baseUrl'] ?? usual;
    if (base === null) return null;
    const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
    return { url: `${base.replace(/\/+$/, '')}/models`, headers };
  }
  const provider = providerOf(providerId);
  if (provider === null || key === '') return null;
  const url = baseUrlOf(provider, env) + provider.checkPath;
  switch (provider.auth) {
    case 'bearer':
      return { url, headers: { authorization: `Bearer ${key}` } };
    case 'x-api-key':
      return { url, headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' } };
    case 'x-goog-api-key':
      return { url, headers: { 'x-goog-api-key': key } };
  }
}

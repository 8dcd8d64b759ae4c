import type { FailureReason } from '../../shared/transcript.ts';
import { asFields, member, parsedObject, text } from './fields.ts';
import type { Fields } from './fields.ts';

export interface Failure {
  readonly message: string;
  readonly reason: FailureReason;
}

const MAX_DEPTH = 6;
const MAX_MESSAGE = 600;

const CONTEXT = /context[_ ]length|context window|maximum context|too many tokens|prompt is too long/i;
const KEY = /api[_ ]?key|unauthori[sz]ed|authentication|invalid token/i;
const UNREACHABLE =
  /^(terminated|fetch failed|network error)|ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|socket hang up|other side closed/i;

/**
 * One sentence out of what a server says about a failure. Providers' errors come as `401: {"message":…}` inside JSON
 * inside JSON (PROTOCOL b.5); the innermost words and the HTTP status are what a person can use. No error codes cross
 * the protocol, so the kind is read from the status, and from the words only where there is none.
 */
export function describeFailure(raw: string, isModel: boolean): Failure {
  const found = dig(raw, null, 0);
  const words = readable(found.words.trim());
  const reason = reasonOf(found.status, words, isModel);
  if (UNREACHABLE.test(words)) {
    return { message: `The connection to the model broke off (${short(words)}).`, reason };
  }
  const status =
    found.status === null || words.includes(String(found.status)) ? '' : ` (${String(found.status)})`;
  return { message: words === '' ? '' : `${short(words)}${status}`, reason };
}

/** A person never gets to read JSON. */
function readable(words: string): string {
  return /^[{[]/.test(words) ? 'The server gave no readable reason.' : words;
}

interface Dug {
  readonly words: string;
  readonly status: number | null;
}

function dig(raw: string, status: number | null, depth: number): Dug {
  const prefixed = /^\s*(\d{3})\b[:\s]*/.exec(raw);
  const code = prefixed === null ? status : Number(prefixed[1]);
  const rest = prefixed === null ? raw : raw.slice(prefixed[0].length);
  const json = rest.trimStart().startsWith('{') ? parsedObject(rest) : null;
  if (json !== null && depth < MAX_DEPTH) {
    const inner = innerText(json, depth);
    if (inner !== null) return dig(inner, code, depth + 1);
  }
  return { words: rest.trim() === '' ? raw : rest, status: code };
}

function innerText(json: Fields, depth: number): string | null {
  const nested = asFields(member(json, 'error'));
  if (nested !== null && depth < MAX_DEPTH) {
    const inner = innerText(nested, depth + 1);
    if (inner !== null) return inner;
  }
  return text(json, 'message') ?? text(json, 'detail') ?? text(json, 'error');
}

function reasonOf(status: number | null, words: string, isModel: boolean): FailureReason {
  if (CONTEXT.test(words)) return 'contextOverflow';
  if (status === 401 || status === 403) return 'unauthorised';
  if (status === 429) return 'rateLimited';
  if (status !== null) return isModel ? 'modelError' : 'server';
  if (UNREACHABLE.test(words)) return 'modelUnreachable';
  if (KEY.test(words)) return 'unauthorised';
  return isModel ? 'modelError' : 'unknown';
}

function short(words: string): string {
  return words.length > MAX_MESSAGE ? `${words.slice(0, MAX_MESSAGE)}…` : words;
}

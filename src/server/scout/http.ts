/** Bytes of one answer that are read: the longest honest one is Ollama's description of a model. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface HttpRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export type HttpFailureReason =
  'refused' | 'unknownHost' | 'tls' | 'timeout' | 'stopped' | 'tooLong' | 'other';

export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly reason: HttpFailureReason;
  constructor(reason: HttpFailureReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** One request, with a limit on time and size. Redirects are not followed: a key must not travel to where nobody said. */
export async function http(url: string, request: HttpRequest): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(request.limitMs);
  const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
  try {
    const response = await fetch(url, {
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      redirect: 'manual',
      signal,
    });
    const contentType = response.headers.get('content-type') ?? '';
    return { status: response.status, contentType, text: await textOf(response) };
  } catch (error) {
    if (error instanceof HttpFailure) throw error;
    if (limit.aborted) throw new HttpFailure('timeout', 'No answer in time.', { cause: error });
    if (signal.aborted) throw new HttpFailure('stopped', 'Stopped.', { cause: error });
    throw new HttpFailure(reasonOf(codeOf(error)), 'The request failed.', { cause: error });
  }
}

/** The object of an answer with status 200; null for anything else. */
export async function httpObject(
  url: string,
  request: HttpRequest,
): Promise<Readonly<Record<string, unknown>> | null> {
  const { status, text } = await http(url, request);
  return status === 200 ? parsedObject(text) : null;
}

export function parsedObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function records(value: unknown, limit: number): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.slice(0, limit).filter(isRecord) : [];
}

/** A name as a server gives it: one line, no control characters, not endless. Null where it is none. */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > 200) return null;
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value) ? null : value;
}

export function tokensOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // What fetch gives is a stream of bytes; its type leaves that open.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_BYTES) throw new HttpFailure('tooLong', 'The answer is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` hides what happened in a chain of causes; several addresses of one name are an AggregateError. */
function codeOf(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    if ('code' in at && typeof at.code === 'string' && at.code !== 'UND_ERR') return at.code;
    at = at instanceof AggregateError && at.errors.length > 0 ? at.errors[0] : at.cause;
  }
  return '';
}

function reasonOf(code: string): HttpFailureReason {
  if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(code))
    return 'refused';
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'].includes(code)) return 'unknownHost';
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO_/.test(code)) return 'tls';
  if (['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'].includes(code)) return 'timeout';
  return 'other';
}

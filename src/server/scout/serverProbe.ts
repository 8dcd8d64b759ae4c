import { http, HttpFailure, parsedObject, type HttpAnswer, type HttpFailureReason } from './http.ts';

const LIMIT_MS = 6_000;
const CLOUD_HOSTS: ReadonlySet<string> = new Set([
  'api.letta.com',
  'app.letta.com',
  'letta.com',
  'www.letta.com',
]);

export type ProbedServer =
  | { readonly kind: 'appServer'; readonly origin: string; readonly needsToken: boolean }
  | { readonly kind: 'lettaApi'; readonly origin: string; readonly version: string }
  | { readonly kind: 'lettaCloud'; readonly origin: string }
  | { readonly kind: 'notLetta'; readonly origin: string; readonly isWebPage: boolean }
  | { readonly kind: 'noAnswer'; readonly origin: string; readonly reason: HttpFailureReason }
  | { readonly kind: 'notAnAddress' };

/** The origins an address can mean, likeliest first: people leave the scheme out. Empty: it is no address. */
export function originsOf(address: string): readonly string[] {
  const text = address.trim();
  if (text === '' || text.length > 2048 || /[\s\p{Cc}]/u.test(text)) return [];
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    const web = { http: 'http', https: 'https', ws: 'http', wss: 'https' }[scheme];
    return web === undefined ? [] : parsed(`${web}${text.slice(scheme.length)}`);
  }
  const [plain] = parsed(`http://${text}`);
  if (plain === undefined) return [];
  const secure = parsed(`https://${text}`);
  return isLoopback(new URL(plain).hostname) ? [plain, ...secure] : [...secure, plain];
}

/** Asks what is there. Nothing is sent but the question. */
export async function probeServer(address: string, signal?: AbortSignal): Promise<ProbedServer> {
  const origins = originsOf(address);
  const answers: ProbedServer[] = [];
  for (const origin of origins) {
    const found = await probeOrigin(origin, signal);
    if (found.kind !== 'noAnswer') return found;
    answers.push(found);
    // A name that is not known is not known under the other scheme either.
    if (found.reason === 'unknownHost') break;
  }
  return (
    answers.find((one) => one.kind === 'noAnswer' && one.reason !== 'tls') ??
    answers[0] ?? { kind: 'notAnAddress' }
  );
}

async function probeOrigin(origin: string, signal?: AbortSignal): Promise<ProbedServer> {
  if (CLOUD_HOSTS.has(new URL(origin).hostname)) return { kind: 'lettaCloud', origin };
  const ask = (path: string): Promise<HttpAnswer> =>
    http(origin + path, { limitMs: LIMIT_MS, ...(signal && { signal }) });
  try {
    const info = await ask('/app-server-info');
    if (info.status === 401 && /bearer token/i.test(info.text))
      return { kind: 'appServer', origin, needsToken: true };
    const described = info.status === 200 ? parsedObject(info.text) : null;
    if (described !== null && 'protocol_version' in described)
      return { kind: 'appServer', origin, needsToken: false };
    if (described !== null && (await ask('/readyz')).text.trim() === 'ok')
      return { kind: 'appServer', origin, needsToken: false };
    const health = await ask('/v1/health/');
    const version = parsedObject(health.text)?.['version'];
    if (health.status === 200 && typeof version === 'string')
      return { kind: 'lettaApi', origin, version: version.replaceAll(/[^\w.+-]/g, '').slice(0, 40) };
    return { kind: 'notLetta', origin, isWebPage: isWebPage(info) || isWebPage(health) };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    if (error.reason === 'tooLong') return { kind: 'notLetta', origin, isWebPage: false };
    return { kind: 'noAnswer', origin, reason: error.reason };
  }
}

function isWebPage({ contentType, text }: HttpAnswer): boolean {
  return contentType.includes('text/html') || /^\s*<(!doctype|html)/i.test(text.slice(0, 200));
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parsed(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { hostname, origin } = new URL(url);
  return hostname === '' ? [] : [origin];
}

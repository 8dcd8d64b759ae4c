import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { codeOf, isRunning } from './runningProcess.ts';
import { parseServerFile, type ServerFile } from '../shared/wire.ts';

const PROBE_LIMIT_MS = 2_000;
/** A takeover lasts milliseconds; one this old was left by a process that died in it. */
const TAKEOVER_LIMIT_MS = 10_000;

/**
 * One broker per state folder. The lock names its holder's port and token: a holder is alive when it answers there with
 * the token, so a pid that now belongs to another program does not count.
 */
export class Lock {
  readonly #path: string;
  readonly #content: string;

  constructor(stateDir: string, holder: ServerFile) {
    this.#path = join(stateDir, 'lock');
    this.#content = JSON.stringify(holder);
  }

  async take(): Promise<boolean> {
    if (this.#create(this.#path)) return true;
    const found = read(this.#path);
    if (found === null) return this.#create(this.#path);
    return !(await isAlive(found)) && this.#takeOver(found);
  }

  /** False when another broker took over, or the state folder is gone. */
  isHeld(): boolean {
    return read(this.#path) === this.#content;
  }

  release(): void {
    if (this.isHeld()) rmSync(this.#path, { force: true });
  }

  /** Replaces a stale lock. Several may try at once; a second lock lets one through, which looks again before it acts. */
  #takeOver(stale: string): boolean {
    const takeover = `${this.#path}.takeover`;
    const madeAt = statSync(takeover, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - madeAt > TAKEOVER_LIMIT_MS) rmSync(takeover, { force: true });
    if (!this.#create(takeover)) return false;
    try {
      if (read(this.#path) !== stale) return false;
      const draft = `${this.#path}.${String(process.pid)}`;
      if (!this.#create(draft)) return false;
      renameSync(draft, this.#path);
      return true;
    } finally {
      rmSync(takeover, { force: true });
    }
  }

  #create(path: string): boolean {
    try {
      writeFileSync(path, this.#content, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function isAlive(content: string): Promise<boolean> {
  const holder = parseServerFile(content);
  if (holder === null || !isRunning(holder.pid)) return false;
  const { port, token, pid } = holder;
  const headers = { Authorization: `Bearer ${token}` };
  const request = get({ host: '127.0.0.1', port, path: '/identity', headers, timeout: PROBE_LIMIT_MS });
  request.on('timeout', () => request.destroy());
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]; // what the event carries
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    return response.statusCode === 200 && body === String(pid);
  } catch {
    // Nobody, or not one of ours.
    return false;
  }
}

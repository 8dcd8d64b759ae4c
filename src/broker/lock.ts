import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { parseServerFile, type ServerFile } from './wire.ts';

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
    if (await isAlive(found)) return false;
    return this.#takeOver(found);
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
    removeIfOld(takeover);
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

function removeIfOld(path: string): void {
  try {
    if (Date.now() - statSync(path).mtimeMs > TAKEOVER_LIMIT_MS) rmSync(path, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function isAlive(content: string): Promise<boolean> {
  const holder = parseServerFile(content);
  return holder !== null && isRunning(holder.pid) && (await answers(holder));
}

/** Also true for a process of another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function answers(holder: ServerFile): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      {
        host: '127.0.0.1',
        port: holder.port,
        path: '/identity',
        headers: { Authorization: `Bearer ${holder.token}` },
        timeout: PROBE_LIMIT_MS,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => {
          resolve(response.statusCode === 200 && body === String(holder.pid));
        });
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

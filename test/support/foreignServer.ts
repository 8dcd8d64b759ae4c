import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An App Server that somebody else runs: started by hand, with a token of its own, on a port that stays. */
export class ForeignServer {
  readonly token = randomBytes(16).toString('hex');
  readonly #lettaPath: string;
  readonly #root: string;
  #child: ChildProcess | null = null;
  #port = 0;

  constructor(assetsDir: string, root: string) {
    this.#lettaPath = join(assetsDir, 'runtime', 'letta.js');
    this.#root = join(root, 'foreign');
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}/ws`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    await mkdir(join(this.#root, 'home'), { recursive: true });
    const tokenFile = join(this.#root, 'token');
    await writeFile(tokenFile, this.token, { mode: 0o600 });
    const listen = `ws://127.0.0.1:${String(this.#port)}`;
    const child = spawn(
      process.execPath,
      [
        this.#lettaPath,
        ...['server', '--backend', 'local', '--listen', listen],
        ...['--ws-auth', 'capability-token', '--ws-token-file', tokenFile],
      ],
      {
        cwd: this.#root,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: join(this.#root, 'home'),
          LETTA_CODE_TELEM: '0',
          LETTA_CODE_OFFLINE: '1',
          DISABLE_AUTOUPDATER: '1',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#child = child;
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      const port = /Listening on ws:\/\/127\.0\.0\.1:(\d+)\s/.exec(output)?.[1];
      if (port === undefined) continue;
      this.#port = Number(port);
      return;
    }
    throw new Error(`The App Server ended: ${output}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

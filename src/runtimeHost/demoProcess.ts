import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { parseObject } from '../shared/json.ts';
import type { BoundedLog } from './boundedLog.ts';

const START_LIMIT_MS = 10_000;

/** The scripted demo model, in a process of its own while somebody wants it. */
export class DemoProcess {
  readonly #stateDir: string;
  readonly #path: string;
  readonly #log: BoundedLog;
  #child: ChildProcess | null = null;
  #starting: Promise<unknown> | null = null;

  constructor(stateDir: string, path: string, log: BoundedLog) {
    this.#stateDir = stateDir;
    this.#path = path;
    this.#log = log;
  }

  /** What the demo says about itself (DemoModelInfo). Starts it where it does not run. */
  start(): Promise<unknown> {
    this.#starting ??= this.#spawn().catch((error: unknown) => {
      this.#starting = null;
      throw error;
    });
    return this.#starting;
  }

  stop(): void {
    this.#child?.kill('SIGTERM');
  }

  #spawn(): Promise<unknown> {
    // It ends when its stdin does: with this process, however that ends.
    const child = spawn(process.execPath, [this.#path, join(this.#stateDir, 'demo.json')], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdin.on('error', (error) => {
      this.#log.line(`demo model: ${error.message}`);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log.write(text);
    });
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
      }, START_LIMIT_MS);
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const info = output.includes('\n') ? parseObject(output) : null;
        if (info === null) return;
        clearTimeout(limit);
        this.#log.line(`demo model ${String(child.pid)} listens`);
        resolve(info);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        clearTimeout(limit);
        this.#starting = null;
        this.#log.line(`demo model ended (${signal ?? String(code)})`);
        reject(new Error(`The demo model did not start (${signal ?? `exit code ${String(code)}`}).`));
      });
    });
  }
}

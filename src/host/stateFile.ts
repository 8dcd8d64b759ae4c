import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Logger } from '../core/ports.ts';

/** What is kept of this window's value and the one on disk. */
export type Merge = (ours: unknown, written: unknown) => unknown;

/**
 * What a window must find again after a reload, in a file of the workspace's storage. VS Code's own Memento is written
 * seconds later (in a browser it can be lost with the page); this is on disk as soon as the disk has it.
 */
export class StateFile {
  readonly #file: string;
  readonly #logger: Logger;
  #values: Readonly<Record<string, unknown>>;
  /** How what this window set meets what another window of the same folder wrote meanwhile. */
  readonly #merges = new Map<string, Merge>();
  #isDirty = false;
  #writing: Promise<void> | null = null;

  constructor(folder: string, logger: Logger) {
    mkdirSync(folder, { recursive: true });
    this.#file = path.join(folder, 'state.json');
    this.#logger = logger;
    this.#values = this.#read();
  }

  get(key: string): unknown {
    return this.#values[key];
  }

  set(key: string, value: unknown, merge: Merge = (ours) => ours): void {
    this.#merges.set(key, merge);
    this.#values = { ...this.#values, [key]: value };
    this.#isDirty = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Resolves when all is on disk. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#isDirty) {
        this.#isDirty = false;
        this.#takeOver();
        const temporary = `${this.#file}.${String(process.pid)}.tmp`;
        await writeFile(temporary, JSON.stringify(this.#values), { mode: 0o600 });
        await rename(temporary, this.#file);
      }
    } catch (error) {
      // A full or read-only disk: the chat goes on, only a reload would not find the draft.
      this.#logger.error('Drafts cannot be kept', error);
    }
  }

  /** Two windows can have one folder open: neither takes away what the other wrote. */
  #takeOver(): void {
    const written = this.#read();
    const values: Record<string, unknown> = { ...written };
    for (const [key, merge] of this.#merges) values[key] = merge(this.#values[key], written[key]);
    this.#values = values;
  }

  #read(): Readonly<Record<string, unknown>> {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch {
      return {}; // the first time
    }
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return { ...value };
      throw new TypeError('not an object');
    } catch (error) {
      this.#logger.warn(`The kept state was not readable and is set aside: ${String(error)}`);
      renameSync(this.#file, `${this.#file}.broken`);
      return {};
    }
  }
}

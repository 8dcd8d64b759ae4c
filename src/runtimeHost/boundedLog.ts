import { appendFileSync, renameSync, statSync } from 'node:fs';

const LIMIT_BYTES = 1024 * 1024;

/** A log file of at most twice 1 MB: the current one and the one before it (`.1`). */
export class BoundedLog {
  readonly path: string;
  #sizeBytes: number;
  #lastLine = '';

  constructor(path: string) {
    this.path = path;
    this.#sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last line that says something, to explain an end to a person. */
  get lastLine(): string {
    return this.#lastLine;
  }

  write(text: string): void {
    if (this.#sizeBytes > LIMIT_BYTES) {
      renameSync(this.path, `${this.path}.1`);
      this.#sizeBytes = 0;
    }
    appendFileSync(this.path, text, { mode: 0o600 });
    this.#sizeBytes += Buffer.byteLength(text);
    this.#lastLine =
      text
        .split('\n')
        .findLast((line) => line.trim() !== '')
        ?.trim() ?? this.#lastLine;
  }

  line(text: string): void {
    this.write(`${new Date().toISOString()} [broker] ${text}\n`);
  }
}

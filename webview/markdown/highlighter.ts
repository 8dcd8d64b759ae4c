/** A stretch of code in one colour; `className` is empty for plain text. */
export interface CodeSpan {
  readonly text: string;
  readonly className: string;
}

export interface HighlightJob {
  readonly language: string;
  readonly text: string;
  /** Lengths of the pieces the text is shown in; `paint` gets each with its own spans. */
  readonly chunkLengths: readonly number[];
  readonly paint: (chunkIndex: number, spans: readonly CodeSpan[]) => void;
}

export interface Highlighting {
  cancel(): void;
}

export interface Highlighter {
  start(job: HighlightJob): Highlighting;
}

/** Beyond this one pass would be a long task (measured: 25 ms per 1,000 lines); such blocks stay plain. */
const MAX_LENGTH = 60_000;

/** An idle period has up to 50 ms, 16 while frames are drawn; several short blocks fit into one. */
const SLICE_MS = 4;

type Tokenize = (language: string, text: string) => readonly CodeSpan[] | null;

/** Colours closed blocks while the page is idle: as many as fit, chunk by chunk. */
export class IdleHighlighter implements Highlighter {
  readonly #reportError: (message: string) => void;
  readonly #jobs: HighlightJob[] = [];
  #tokenize: Promise<Tokenize> | null = null;
  #isRunning = false;

  constructor(reportError: (message: string) => void) {
    this.#reportError = reportError;
  }

  start(job: HighlightJob): Highlighting {
    if (job.language === '' || job.text.length > MAX_LENGTH) return { cancel: () => undefined };
    this.#jobs.push(job);
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#run().catch((error: unknown) => {
        // Plain code is shown and stays; the next block tries again.
        this.#jobs.length = 0;
        this.#isRunning = false;
        this.#tokenize = null;
        this.#reportError(`highlighting failed: ${error instanceof Error ? error.name : 'unknown'}`);
      });
    }
    return {
      cancel: () => {
        const index = this.#jobs.indexOf(job);
        if (index !== -1) this.#jobs.splice(index, 1);
      },
    };
  }

  async #run(): Promise<void> {
    this.#tokenize ??= import('./highlightTokens.ts').then((module) => module.highlightTokens);
    const tokenize = await this.#tokenize;
    let deadline = await idle();
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      if (deadline.timeRemaining() < SLICE_MS) deadline = await idle();
      if (this.#jobs[0] !== job) continue;
      const spans = tokenize(job.language, job.text);
      if (spans !== null) deadline = await this.#paint(job, spans, deadline);
      if (this.#jobs[0] === job) this.#jobs.shift();
    }
    this.#isRunning = false;
  }

  async #paint(job: HighlightJob, spans: readonly CodeSpan[], from: IdleDeadline): Promise<IdleDeadline> {
    let deadline = from;
    for (const [index, chunk] of splitSpans(spans, job.chunkLengths).entries()) {
      if (deadline.timeRemaining() < 1) deadline = await idle();
      if (this.#jobs[0] !== job) return deadline;
      job.paint(index, chunk);
    }
    return deadline;
  }
}

function idle(): Promise<IdleDeadline> {
  return new Promise((resolve) => requestIdleCallback(resolve));
}

/** Cuts spans at the ends of the chunks. */
export function splitSpans(spans: readonly CodeSpan[], lengths: readonly number[]): CodeSpan[][] {
  const chunks: CodeSpan[][] = [];
  let next = 0;
  let offset = 0;
  for (const length of lengths) {
    const chunk: CodeSpan[] = [];
    for (let room = length; room > 0;) {
      const span = spans[next];
      if (span === undefined) break;
      const text = span.text.slice(offset, offset + room);
      chunk.push({ text, className: span.className });
      room -= text.length;
      offset += text.length;
      if (offset >= span.text.length) {
        next++;
        offset = 0;
      }
    }
    chunks.push(chunk);
  }
  return chunks;
}

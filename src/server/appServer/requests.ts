import { LettaError } from '../../core/lettaConnection.ts';
import type { Clock, Disposable, Logger } from '../../core/ports.ts';
import { flag, text } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Frame, FrameLink } from './frameLink.ts';

/** Frames the server does not understand get no answer at all (PROTOCOL b.2): only this limit tells. */
export const REQUEST_LIMIT_MS = 15_000;
/** Frames of one answer. */
const MAX_REPLIES = 1000;

interface Waiting {
  /** False: more of the answer is to come. */
  readonly answer: (reply: Fields) => boolean;
  readonly fail: (error: LettaError) => void;
  readonly timer: Disposable;
}

/** Questions to the server and their answers, matched by `request_id`. */
export class Requests {
  readonly #link: FrameLink;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #newId: () => string;
  readonly #waiting = new Map<string, Waiting>();

  constructor(link: FrameLink, clock: Clock, logger: Logger, newId: () => string) {
    this.#link = link;
    this.#clock = clock;
    this.#logger = logger;
    this.#newId = newId;
  }

  /**
   * Sends the frame with an id of its own. `read` turns the reply into the result at the moment it comes, before any
   * later frame is looked at.
   */
  ask<T>(frame: Frame, read: (reply: Fields) => T): Promise<T> {
    return this.#send(frame, (reply) => ({ value: read(reply) }));
  }

  /** An answer in several frames, all with the id of the question; `isLast` may throw to fail it. */
  askAll(frame: Frame, isLast: (reply: Fields) => boolean): Promise<readonly Fields[]> {
    const replies: Fields[] = [];
    return this.#send(frame, (reply) => {
      replies.push(reply);
      return isLast(reply) || replies.length >= MAX_REPLIES ? { value: replies } : null;
    });
  }

  /** `read` gives null while more is to come. */
  #send<T>(frame: Frame, read: (reply: Fields) => { readonly value: T } | null): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const requestId = this.#newId();
      const kind = typeof frame['type'] === 'string' ? frame['type'] : 'request';
      const timer = this.#clock.after(REQUEST_LIMIT_MS, () => {
        this.#waiting.delete(requestId);
        this.#logger.warn(`No answer to ${kind} within ${String(REQUEST_LIMIT_MS / 1000)} s`);
        reject(new LettaError('timeout', 'Letta did not answer in time.'));
      });
      const answer = (reply: Fields): boolean => {
        try {
          const whole = read(reply);
          if (whole !== null) resolve(whole.value);
          return whole !== null;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return true;
        }
      };
      this.#waiting.set(requestId, { answer, fail: reject, timer });
      try {
        this.#link.send({ ...frame, request_id: requestId });
      } catch (error) {
        this.#settle(requestId);
        reject(asConnectionError(error));
      }
    });
  }

  /** True when the frame answers a question of ours. A second or late answer finds nobody waiting and is no answer. */
  take(frame: Fields): boolean {
    const requestId = text(frame, 'request_id');
    const kind = text(frame, 'type') ?? '';
    if (requestId === null || !(kind.endsWith('_response') || kind === 'input_accepted')) return false;
    const waiting = this.#waiting.get(requestId);
    if (waiting?.answer(frame) === true) this.#settle(requestId);
    return waiting !== undefined;
  }

  failAll(error: LettaError): void {
    for (const requestId of [...this.#waiting.keys()]) this.#settle(requestId)?.fail(error);
  }

  #settle(requestId: string): Waiting | null {
    const waiting = this.#waiting.get(requestId) ?? null;
    this.#waiting.delete(requestId);
    waiting?.timer.dispose();
    return waiting;
  }
}

/** The reply, unless the server says it failed. Its errors carry words only; "not found" is all that callers act on. */
export function succeeded(reply: Fields): Fields {
  if (flag(reply, 'success') !== false) return reply;
  const message = text(reply, 'error') ?? 'Letta refused the request.';
  throw new LettaError(/not found/i.test(message) ? 'notFound' : 'refused', message);
}

export function required<T>(value: T | null, what: string): T {
  if (value === null) throw new LettaError('protocol', `Letta answered ${what} without what it asked for.`);
  return value;
}

export function asConnectionError(error: unknown): LettaError {
  if (error instanceof LettaError) return error;
  return new LettaError('connectionLost', 'The connection to Letta was lost.', { cause: error });
}

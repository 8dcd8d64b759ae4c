import { Emitter } from './emitter.ts';
import type { Disposable } from './ports.ts';
import { Session, type SessionOptions } from './session.ts';
import { sessionKey, type SessionTarget } from './sessionView.ts';

/**
 * The conversations open in this window. Two views of one conversation share its session (exactly one writer); a
 * session lives while a view shows it or a turn runs in it.
 */
export class Sessions implements Disposable {
  readonly #options: SessionOptions;
  readonly #holders = new Map<Session, number>();
  readonly #changed: Emitter<Session>;
  readonly #opened: Emitter<Session>;

  constructor(options: SessionOptions) {
    this.#options = options;
    const onError = (error: unknown): void => {
      options.logger.error('A listener of the conversations failed', error);
    };
    this.#changed = new Emitter(onError);
    this.#opened = new Emitter(onError);
  }

  /** Any change of any session: for the status bar, badges and context keys. */
  get onDidChange() {
    return this.#changed.event;
  }

  get onDidOpen() {
    return this.#opened.event;
  }

  get all(): readonly Session[] {
    return [...this.#holders.keys()];
  }

  get running(): readonly Session[] {
    return this.all.filter((session) => session.isRunning);
  }

  /** The session of a conversation, made where there is none; give it back with `release`. */
  acquire(target: SessionTarget): Session {
    const known =
      target.conversationId === null
        ? this.all.find((session) => session.answersTo(sessionKey(target)))
        : this.all.find(
            (session) =>
              session.target.conversationId === target.conversationId &&
              session.target.agentId === target.agentId,
          );
    const session = known ?? this.#create(target);
    this.#holders.set(session, (this.#holders.get(session) ?? 0) + 1);
    return session;
  }

  /** Conversations in which a window that is gone left messages: opened without a view, as long as they wait. */
  async adopt(targets: readonly SessionTarget[]): Promise<void> {
    for (const target of targets) {
      const session = this.acquire(target);
      try {
        await session.open();
      } finally {
        this.release(session);
      }
    }
  }

  release(session: Session): void {
    const holders = (this.#holders.get(session) ?? 1) - 1;
    this.#holders.set(session, holders);
    this.#collect(session);
  }

  dispose(): void {
    for (const session of this.#holders.keys()) session.dispose();
    this.#holders.clear();
    this.#changed.dispose();
    this.#opened.dispose();
  }

  #create(target: SessionTarget): Session {
    const session = new Session(this.#options, target);
    this.#holders.set(session, 0);
    session.onDidChange(() => {
      this.#changed.fire(session);
      this.#collect(session);
    });
    this.#opened.fire(session);
    return session;
  }

  #collect(session: Session): void {
    if (this.#holders.get(session) !== 0 || session.isRunning || session.hasUnsent) return;
    this.#holders.delete(session);
    session.dispose();
    this.#changed.fire(session);
  }
}

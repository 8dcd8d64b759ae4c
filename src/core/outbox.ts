import type { Clock, Disposable, Logger } from './ports.ts';
import type { HeldMessage, SessionTarget } from './sessionView.ts';

/** A message as it lies on disk until the server keeps it. */
export interface KeptMessage extends HeldMessage {
  readonly target: SessionTarget;
  /** Epoch ms. */
  readonly writtenAt: number;
}

/** A message that a window left behind which is gone. */
export interface ClaimedMessage {
  readonly message: KeptMessage;
  /** Written in a window of the same folder: before a reload, or a crash of the extension host. */
  readonly isOwn: boolean;
}

/** Messages on disk, one file each. All windows of a person share it; a message belongs to one window at a time. */
export interface OutboxStore {
  /** On disk when it resolves. The same client id again replaces what was written. */
  write(message: KeptMessage): Promise<void>;
  /** Called right before it is sent. False: another window took it, which sends it instead. */
  isStillOurs(clientId: string): Promise<boolean>;
  remove(clientId: string): Promise<void>;
  /** Nobody in this window looks after it any more: a later `claim` finds it again. */
  release(clientId: string): void;
  /** What windows that are gone left behind for these conversations (`sessionKey`); it is this window's from now on. */
  claim(keys: readonly string[]): Promise<readonly ClaimedMessage[]>;
}

export type EntryState =
  /** Sent as soon as the conversation is open. */
  | 'held'
  /** The person decides. */
  | 'offered'
  /** Given to the connection; the server does not keep it yet. */
  | 'sending'
  /** It may have reached the server: looked up before anything is sent again. */
  | 'unconfirmed';

export interface OutboxEntry {
  readonly message: KeptMessage;
  readonly state: EntryState;
  readonly isOwn: boolean;
}

interface Entry {
  message: KeptMessage;
  state: EntryState;
  readonly isOwn: boolean;
  /** Resolves when the message is on disk, or cannot be put there. */
  written: Promise<void>;
}

/** What was written in this window and is not asked about any more: sent by itself only that long afterwards. */
export const SENDS_BY_ITSELF_MS = 10 * 60_000;

export interface OutboxPorts {
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: () => void;
  /** The disk does not take a message: it goes out all the same, and the person is told. */
  readonly onUnwritable: () => void;
}

/** The messages of one conversation from Enter until the server keeps them, in the order they were written. */
export class Outbox implements Disposable {
  readonly #ports: OutboxPorts;
  #entries: readonly Entry[] = [];
  #isDisposed = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  /** Something is not with the server yet. */
  get hasUnsent(): boolean {
    return this.#entries.some((entry) => entry.state !== 'sending');
  }

  /** Something goes on by itself as soon as it can. */
  get isWaiting(): boolean {
    return this.#entries.some((entry) => entry.state === 'held' || entry.state === 'unconfirmed');
  }

  in(state: EntryState): readonly OutboxEntry[] {
    return this.#entries.filter((entry) => entry.state === state);
  }

  find(clientId: string): OutboxEntry | null {
    return this.#entries.find((entry) => entry.message.clientId === clientId) ?? null;
  }

  add(message: KeptMessage): void {
    const entry: Entry = { message, state: 'held', isOwn: true, written: this.#write(message) };
    this.#entries = [...this.#entries, entry];
    this.#ports.onChange();
  }

  /** What a window left behind comes before what was written since. */
  adopt(claimed: readonly ClaimedMessage[]): void {
    if (this.#isDisposed) {
      for (const { message } of claimed) this.#ports.store.release(message.clientId);
      return;
    }
    const isNew = ({ message }: ClaimedMessage): boolean => this.find(message.clientId) === null;
    const left = claimed.filter(isNew).map(({ message, isOwn }): Entry => ({
      message,
      state: 'unconfirmed',
      isOwn,
      written: Promise.resolve(),
    }));
    if (left.length === 0) return;
    this.#entries = [...left, ...this.#entries];
    this.#ports.onChange();
  }

  set(clientId: string, state: EntryState): void {
    for (const entry of this.#entries) if (entry.message.clientId === clientId) entry.state = state;
    this.#ports.onChange();
  }

  /** The way to the server is gone: nobody knows what of this arrived. */
  doubtAll(): void {
    for (const entry of this.#entries) if (entry.state === 'sending') entry.state = 'unconfirmed';
    this.#ports.onChange();
  }

  /** Old messages and those of other windows are for the person to decide. */
  sendsByItself({ message, isOwn }: OutboxEntry): boolean {
    return isOwn && this.#ports.clock.now() - message.writtenAt <= SENDS_BY_ITSELF_MS;
  }

  /** Waits until the message is on disk. False: another window has taken it; it is no longer here. */
  async readyToSend(clientId: string): Promise<boolean> {
    const entry = this.#entries.find((one) => one.message.clientId === clientId);
    if (entry === undefined) return false;
    await entry.written;
    try {
      if (await this.#ports.store.isStillOurs(clientId)) return true;
    } catch (error) {
      this.#ports.logger.error('The kept message could not be looked at', error);
      return true;
    }
    this.#drop(clientId);
    return false;
  }

  /** The server keeps it, or the person took it back. */
  remove(clientId: string): KeptMessage | null {
    const entry = this.#entries.find((one) => one.message.clientId === clientId);
    if (entry === undefined) return null;
    this.#drop(clientId);
    // After the write that may still be under way, or the file would stay.
    void entry.written
      .then(() => this.#ports.store.remove(clientId))
      .catch((error: unknown) => {
        this.#ports.logger.error('A kept message could not be removed', error);
      });
    return entry.message;
  }

  /** The conversation got its id: what a later window finds must lead to it. */
  retarget(target: SessionTarget): void {
    for (const entry of this.#entries) {
      entry.message = { ...entry.message, target };
      const { message } = entry;
      entry.written = entry.written.then(() => this.#write(message));
    }
  }

  /** The conversation is closed here: what did not arrive yet is for whoever opens it next. */
  dispose(): void {
    this.#isDisposed = true;
    for (const { message } of this.#entries) this.#ports.store.release(message.clientId);
  }

  #drop(clientId: string): void {
    this.#entries = this.#entries.filter((entry) => entry.message.clientId !== clientId);
    this.#ports.onChange();
  }

  async #write(message: KeptMessage): Promise<void> {
    try {
      await this.#ports.store.write(message);
    } catch (error) {
      this.#ports.logger.error('A message cannot be kept on disk', error);
      this.#ports.onUnwritable();
    }
  }
}

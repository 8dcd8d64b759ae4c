import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { access, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ClaimedMessage, KeptMessage, OutboxStore } from '../core/outbox.ts';
import type { Clock, Disposable, Logger } from '../core/ports.ts';
import { sessionKey } from '../core/sessionView.ts';
import { isRunning } from '../runtimeHost/runningProcess.ts';
import { isMissing, namesIn, readIfThere, removeFile, renameIfThere, writeDurably } from './durableFiles.ts';

/** A window says this often that it lives; one that has not for longer than the limit is gone. */
const LEASE_EVERY_MS = 10_000;
const LEASE_LIMIT_MS = 60_000;
const LEASE = 'lease.json';

const lease = v.object({ pid: v.number(), place: v.string() });
const lines = v.nullable(v.tuple([v.number(), v.number()]));
const keptMessage = v.object({
  order: v.number(),
  place: v.string(),
  message: v.object({
    clientId: v.string(),
    text: v.string(),
    writtenAt: v.number(),
    target: v.object({
      agentId: v.nullable(v.string()),
      conversationId: v.nullable(v.string()),
      title: v.nullable(v.string()),
      newId: v.string(),
    }),
    attachments: v.array(
      v.object({
        chip: v.object({
          id: v.string(),
          path: v.string(),
          language: v.string(),
          lines,
          sizeBytes: v.number(),
          cutBytes: v.number(),
          isUnsaved: v.boolean(),
        }),
        text: v.string(),
      }),
    ),
  }),
});

export interface OutboxFilesOptions {
  /** Shared by all windows of a person. */
  readonly folder: string;
  /** Names what this window has open: a reloaded window has the same. */
  readonly place: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * `<folder>/<window>/<client id>.json`, and `lease.json` beside them: a message belongs to the window in whose folder it
 * lies. Windows that are gone (their process ended, or they have not said that they live) are emptied by a rename, which
 * one window wins.
 */
export class OutboxFiles implements OutboxStore, Disposable {
  readonly #options: OutboxFilesOptions;
  readonly #window = randomUUID();
  #ready: Promise<void> | null = null;
  #timer: Disposable | null = null;
  #order = 0;
  /** Messages of this window's folder that a conversation here looks after. */
  readonly #attended = new Set<string>();

  constructor(options: OutboxFilesOptions) {
    this.#options = options;
  }

  async write(message: KeptMessage): Promise<void> {
    const order = ++this.#order;
    this.#attended.add(this.#path(message.clientId));
    await this.#opened();
    const { place } = this.#options;
    await writeDurably(this.#path(message.clientId), JSON.stringify({ order, place, message }));
  }

  async isStillOurs(clientId: string): Promise<boolean> {
    try {
      await access(this.#path(clientId));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  release(clientId: string): void {
    this.#attended.delete(this.#path(clientId));
  }

  async remove(clientId: string): Promise<void> {
    this.#attended.delete(this.#path(clientId));
    await removeFile(this.#path(clientId));
  }

  async claim(keys: readonly string[]): Promise<readonly ClaimedMessage[]> {
    await this.#opened();
    const found: { readonly order: number; readonly claimed: ClaimedMessage }[] = [];
    for (const { name, window } of await this.#left()) {
      const kept = await this.#read(join(this.#options.folder, window, name));
      if (kept === null || !keys.includes(sessionKey(kept.message.target))) continue;
      const from = join(this.#options.folder, window, name);
      const path = this.#path(kept.message.clientId);
      if (this.#attended.has(path)) continue;
      this.#attended.add(path);
      if (!(await renameIfThere(from, path))) {
        this.#attended.delete(path);
        continue;
      }
      const claimed = { message: kept.message, isOwn: kept.place === this.#options.place };
      found.push({ order: kept.order, claimed });
    }
    return found
      .sort((a, b) => a.claimed.message.writtenAt - b.claimed.message.writtenAt || a.order - b.order)
      .map(({ claimed }) => claimed);
  }

  /** Conversations of this place in which a window that is gone left messages. */
  async leftHere(): Promise<readonly KeptMessage['target'][]> {
    const targets = new Map<string, KeptMessage['target']>();
    for (const { name, window } of await this.#left()) {
      const kept = await this.#read(join(this.#options.folder, window, name));
      if (kept?.place === this.#options.place) {
        targets.set(sessionKey(kept.message.target), kept.message.target);
      }
    }
    return [...targets.values()];
  }

  /** The window ends: what is left in its folder is for the next one. */
  dispose(): void {
    this.#timer?.dispose();
    rmSync(join(this.#options.folder, this.#window, LEASE), { force: true });
  }

  #path(clientId: string): string {
    // A client id is made by a webview: only its digest becomes a name.
    const name = createHash('sha256').update(clientId).digest('hex').slice(0, 32);
    return join(this.#options.folder, this.#window, `${name}.json`);
  }

  #opened(): Promise<void> {
    this.#ready ??= this.#open().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  async #open(): Promise<void> {
    const { folder, place } = this.#options;
    // Not seen by others before its lease is in it.
    const draft = join(folder, `.${this.#window}`);
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await writeDurably(join(draft, LEASE), JSON.stringify({ pid: process.pid, place }));
    await rename(draft, join(folder, this.#window));
    this.#renew();
  }

  #renew(): void {
    this.#timer = this.#options.clock.after(LEASE_EVERY_MS, () => {
      const now = new Date(this.#options.clock.now());
      utimes(join(this.#options.folder, this.#window, LEASE), now, now).catch((error: unknown) => {
        this.#options.logger.warn(`The lease of this window could not be renewed: ${String(error)}`);
      });
      this.#renew();
    });
  }

  /** Messages nobody looks after: in the folders of windows that are gone (empty ones are removed), and in this one's. */
  async #left(): Promise<readonly { readonly window: string; readonly name: string }[]> {
    const left: { readonly window: string; readonly name: string }[] = [];
    for (const window of await namesIn(this.#options.folder)) {
      const isOurs = window === this.#window;
      if (window.startsWith('.') || (!isOurs && (await this.#isAlive(window)))) continue;
      const names = (await namesIn(join(this.#options.folder, window))).filter(
        (name) =>
          name !== LEASE &&
          name.endsWith('.json') &&
          !(isOurs && this.#attended.has(join(this.#options.folder, window, name))),
      );
      if (names.length === 0 && !isOurs)
        await rm(join(this.#options.folder, window), { recursive: true, force: true });
      for (const name of names) left.push({ window, name });
    }
    return left;
  }

  async #isAlive(window: string): Promise<boolean> {
    const path = join(this.#options.folder, window, LEASE);
    const text = await readIfThere(path);
    if (text === null) return false;
    const holder = v.safeParse(v.pipe(v.string(), v.parseJson(), lease), text);
    if (!holder.success || !isRunning(holder.output.pid)) return false;
    try {
      return this.#options.clock.now() - (await stat(path)).mtimeMs < LEASE_LIMIT_MS;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Null: gone, or not to be read; what cannot be read is set aside, for a person to look at. */
  async #read(path: string): Promise<v.InferOutput<typeof keptMessage> | null> {
    const text = await readIfThere(path);
    if (text === null) return null;
    const kept = v.safeParse(v.pipe(v.string(), v.parseJson(), keptMessage), text);
    if (kept.success) return kept.output;
    this.#options.logger.warn('A kept message was not readable and is set aside');
    await renameIfThere(path, `${path}.broken`);
    return null;
  }
}

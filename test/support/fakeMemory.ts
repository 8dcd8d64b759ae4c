import type { AgentMemory, MemoryDiff, MemoryFile, MemoryVersion } from '../../src/core/agentMemory.ts';
import { Emitter } from '../../src/core/emitter.ts';
import { LettaError, type ConversationRef } from '../../src/core/lettaConnection.ts';
import { lineChanges } from '../../src/core/lineChanges.ts';
import type { MemoryChange } from '../../src/shared/transcript.ts';

type Files = ReadonlyMap<string, string>;

/** A memory with a history, in memory: every write is a version, as in the real one. */
export class FakeMemory implements AgentMemory {
  readonly versions: {
    readonly id: string;
    readonly reason: string;
    readonly at: number;
    readonly files: Files;
  }[] = [];
  readonly undone: { readonly ref: ConversationRef; readonly change: MemoryChange }[] = [];
  readonly asked: string[] = [];
  /** Runs once, between a request and its answer. */
  meanwhile: () => void = () => undefined;
  now = 0;
  readonly #own = new Set<string>();
  readonly #changed = new Emitter<void>((error) => {
    throw error;
  });
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.commit(new Map(), 'empty');
  }

  get files(): Files {
    return this.versions.at(-1)?.files ?? new Map();
  }

  get head(): string {
    return this.versions.at(-1)?.id ?? '';
  }

  /** The agent writes: null removes. */
  set(path: string, content: string | null, reason = 'agent'): string {
    const files = new Map(this.files);
    if (content === null) files.delete(path);
    else files.set(path, content);
    return this.commit(files, reason);
  }

  commit(files: Files, reason: string): string {
    const id = (this.versions.length + 1).toString(16).padStart(7, '0').padEnd(40, '0');
    this.versions.push({ id, reason, at: this.now, files });
    return id;
  }

  async list(): Promise<readonly MemoryFile[]> {
    return await this.#answer('list', () =>
      [...this.files.keys()].map((path) => ({ path, description: '' })),
    );
  }
  async read(_agentId: string, path: string): Promise<Uint8Array | null> {
    return await this.#answer('read', () => {
      const content = this.files.get(path);
      return content === undefined ? null : new TextEncoder().encode(content);
    });
  }
  write(_agentId: string, path: string, content: Uint8Array, reason: string): Promise<string | null> {
    return this.#put(path, new TextDecoder().decode(content), reason);
  }
  remove(_agentId: string, path: string, reason: string): Promise<string | null> {
    return this.#put(path, null, reason);
  }
  async log(_agentId: string, limit: number): Promise<readonly MemoryVersion[]> {
    return await this.#answer('log', () => this.versions.toReversed().slice(0, limit));
  }
  async changes(_agentId: string, version: string): Promise<MemoryDiff> {
    return await this.#answer('changes', () => {
      const index = this.#index(version);
      const before = this.versions[index - 1]?.files ?? new Map<string, string>();
      const after = this.versions[index]?.files ?? new Map<string, string>();
      const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
        (path) => before.get(path) !== after.get(path),
      );
      const files = paths.map((path) => ({
        path,
        lines: lineChanges(before.get(path) ?? '', after.get(path) ?? ''),
        isText: true,
      }));
      return { files, isWhole: true };
    });
  }
  async readAt(_agentId: string, version: string, path: string): Promise<string | null> {
    return await this.#answer('readAt', () => this.versions[this.#index(version)]?.files.get(path) ?? null);
  }
  async readBefore(_agentId: string, version: string, path: string): Promise<string | null> {
    return await this.#answer(
      'readBefore',
      () => this.versions[this.#index(version) - 1]?.files.get(path) ?? null,
    );
  }
  isOwn(version: string): boolean {
    return this.#own.has(version);
  }
  noteUndone(ref: ConversationRef, change: MemoryChange): void {
    this.undone.push({ ref, change });
  }

  async #put(path: string, content: string | null, reason: string): Promise<string | null> {
    return await this.#answer('put', () => {
      if ((this.files.get(path) ?? null) === content) return null;
      const id = this.set(path, content, reason);
      this.#own.add(id);
      return id;
    });
  }

  #index(version: string): number {
    const index = this.versions.findIndex(({ id }) => id === version);
    if (index < 0) throw new LettaError('notFound', `no version ${version}`);
    return index;
  }

  async #answer<T>(what: string, answer: () => T): Promise<T> {
    this.asked.push(what);
    await Promise.resolve();
    this.meanwhile();
    return answer();
  }
}

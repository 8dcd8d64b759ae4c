import * as vscode from 'vscode';
import type { AgentMemory } from '../core/agentMemory.ts';
import type { Hub } from '../core/hub.ts';
import { LettaError, type LettaConnection } from '../core/lettaConnection.ts';
import type { Disposable } from '../core/ports.ts';
import { memoryPlace, MEMORY_SCHEME, MEMORY_VERSION_SCHEME } from './memoryUris.ts';

interface Known {
  readonly content: Uint8Array;
  /** Epoch ms of the moment a new content was first seen here: what VS Code tells "changed meanwhile" by. */
  readonly mtime: number;
}

/**
 * The files of an agent's memory as documents: the present ones can be edited and saved, earlier versions are read
 * only. VS Code asks for `stat` before it writes, and offers to compare when the file is newer than what it read.
 */
export class MemoryFiles
  implements vscode.FileSystemProvider, vscode.TextDocumentContentProvider, Disposable
{
  readonly #hub: Hub;
  readonly #known = new Map<string, Known>();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #registrations: readonly vscode.Disposable[];
  #followed: LettaConnection | null = null;
  #subscriptions: readonly Disposable[] = [];

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#registrations = [
      vscode.workspace.registerFileSystemProvider(MEMORY_SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.registerTextDocumentContentProvider(MEMORY_VERSION_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === MEMORY_SCHEME) this.#known.delete(uri.toString());
      }),
    ];
  }

  /** @throws {LettaError} when the server has no memory files. */
  async memory(): Promise<AgentMemory> {
    const connection = await this.#hub.connect();
    const { memory } = connection;
    if (memory === null) throw new LettaError('refused', vscode.l10n.t('This server has no memory files.'));
    if (this.#followed !== connection) this.#follow(connection, memory);
    return memory;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const place = memoryPlace(uri);
    if (place === null) return '';
    const memory = await this.memory();
    return (await memory.readAt(place.agentId, uri.query, place.path)) ?? '';
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { content, mtime } = await this.#look(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime, size: content.length };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#look(uri)).content;
  }

  async writeFile(
    uri: vscode.Uri,
    content: Uint8Array,
    options: { readonly create: boolean; readonly overwrite: boolean },
  ): Promise<void> {
    const place = memoryPlace(uri);
    if (place === null) throw vscode.FileSystemError.NoPermissions(uri);
    const memory = await this.memory();
    const before = await memory.read(place.agentId, place.path);
    if (before === null && !options.create) throw vscode.FileSystemError.FileNotFound(uri);
    if (before !== null && !options.overwrite) throw vscode.FileSystemError.FileExists(uri);
    await memory.write(place.agentId, place.path, content, `Edited in VS Code: ${place.path}`);
    this.#keep(uri, content);
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const registration of this.#registrations) registration.dispose();
    this.#changed.dispose();
  }

  #follow(connection: LettaConnection, memory: AgentMemory): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#followed = connection;
    const announce = (): void => {
      this.#announce();
    };
    this.#subscriptions = [
      memory.onDidChange(announce),
      // What a command wrote is found at the end of its turn only.
      connection.onDidReceive(({ stamped }) => {
        if (stamped.event.type === 'remembered') announce();
      }),
    ];
  }

  async #look(uri: vscode.Uri): Promise<Known> {
    const place = memoryPlace(uri);
    if (place === null) throw vscode.FileSystemError.FileNotFound(uri);
    const memory = await this.memory();
    const content = await memory.read(place.agentId, place.path);
    if (content === null) throw vscode.FileSystemError.FileNotFound(uri);
    return this.#keep(uri, content);
  }

  #keep(uri: vscode.Uri, content: Uint8Array): Known {
    const before = this.#known.get(uri.toString());
    if (before !== undefined && isSame(before.content, content)) return before;
    const known = { content, mtime: Math.max(Date.now(), (before?.mtime ?? 0) + 1) };
    this.#known.set(uri.toString(), known);
    return known;
  }

  /** What is open is read again; VS Code leaves unsaved ones as they are. */
  #announce(): void {
    const open = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === MEMORY_SCHEME);
    this.#changed.fire(open.map(({ uri }) => ({ type: vscode.FileChangeType.Changed, uri })));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

import type { MemoryChange } from '../shared/transcript.ts';
import type { ConversationRef } from './lettaConnection.ts';
import type { Event } from './ports.ts';

/**
 * An agent's memory as files with a history (PROTOCOL b.9). Paths and version names are checked before they go out and
 * when they come in. Every method rejects with a `LettaError`; 'refused' also for what is too big.
 */
export interface AgentMemory {
  /** Somebody may have written: what is open can be read again. */
  readonly onDidChange: Event<void>;

  list(agentId: string): Promise<readonly MemoryFile[]>;
  /** As it is now; null: there is no such file. */
  read(agentId: string, path: string): Promise<Uint8Array | null>;
  /**
   * Makes a new version with `reason` as its words. Resolves to its name; null when nothing changed. What the server
   * does not accept is taken out again, so that it does not stand in the agent's way.
   */
  write(agentId: string, path: string, content: Uint8Array, reason: string): Promise<string | null>;
  remove(agentId: string, path: string, reason: string): Promise<string | null>;

  /** Newest first. */
  log(agentId: string, limit: number): Promise<readonly MemoryVersion[]>;
  /** What one version changed. */
  changes(agentId: string, version: string): Promise<MemoryDiff>;
  /** Null: the version has no such file. */
  readAt(agentId: string, version: string, path: string): Promise<string | null>;
  /** In the version before this one. */
  readBefore(agentId: string, version: string, path: string): Promise<string | null>;
  /** Made by `write` or `remove` of this connection. */
  isOwn(version: string): boolean;

  /** Tells all views of the conversation that its row is undone. */
  noteUndone(ref: ConversationRef, change: MemoryChange): void;
}

export interface MemoryFile {
  readonly path: string;
  readonly description: string;
}

export interface MemoryVersion {
  readonly id: string;
  /** First line of the words it was made with. */
  readonly reason: string;
  /** Epoch ms, to the second; null: not known. */
  readonly at: number | null;
}

export interface MemoryDiff {
  readonly files: readonly MemoryDiffFile[];
  /** False: it changed more than can be listed. */
  readonly isWhole: boolean;
}

export interface MemoryDiffFile {
  readonly path: string;
  /** Null: has to be counted from the contents (a renamed file). */
  readonly lines: { readonly added: number; readonly removed: number } | null;
  readonly isText: boolean;
}

import type { MemoryChange, MemoryFileChange } from '../shared/transcript.ts';
import type { AgentMemory, MemoryVersion } from './agentMemory.ts';
import { LettaError, type ConversationRef } from './lettaConnection.ts';
import type { LettaEvent } from './lettaEvent.ts';
import { lineChanges } from './lineChanges.ts';
import { rememberedInHistory } from './memoryHistory.ts';
import type { Disposable, Logger } from './ports.ts';

/** Versions looked at after a turn, and after reading a page of history. */
const NEWEST = 50;
const HISTORY = 200;
const MAX_FILES = 100;

/** What a conversation's turn began with. */
interface Run {
  /** The newest version at its start; null: it could not be asked for. */
  readonly base: Promise<string | null>;
  runId: string | null;
  looking: Promise<void>;
  /** By `from`: the last `to` that was told. */
  readonly told: Map<string, string>;
}

/**
 * Finds what the agent remembered in a turn. The server names changes only where its own tool wrote them; a commit made
 * with a command comes without a word. So the newest version at the turn's start and end are compared.
 */
export class MemoryWatch implements Disposable {
  readonly #memory: AgentMemory;
  readonly #logger: Logger;
  readonly #tell: (ref: ConversationRef, event: LettaEvent) => void;
  readonly #runs = new Map<string, Run>();
  /** Agents whose memory did not answer: not waited for again on this connection. */
  readonly #silent = new Set<string>();
  #isDisposed = false;

  constructor(memory: AgentMemory, logger: Logger, tell: (ref: ConversationRef, event: LettaEvent) => void) {
    this.#memory = memory;
    this.#logger = logger;
    this.#tell = (ref, event) => {
      if (!this.#isDisposed) tell(ref, event);
    };
  }

  /** An event of a conversation, in its place among the others. */
  take(ref: ConversationRef, event: LettaEvent): void {
    const key = `${ref.agentId} ${ref.conversationId}`;
    const run = this.#runs.get(key);
    if (event.type === 'phaseChanged') {
      if (event.phase === 'idle') this.#end(key, ref);
      else if (event.phase !== 'runningCommand') this.#begin(key, ref, event.runIds.at(-1) ?? null);
    } else if (event.type === 'turnFinished') {
      this.#end(key, ref);
    } else if (event.type === 'connectionLost') {
      this.#runs.delete(key);
    } else if (event.type === 'memoryChanged') {
      if (run !== undefined) this.#look(ref, run);
    } else if (event.type === 'historyRead') {
      this.#attempt(async () => {
        for (const found of await rememberedInHistory(event.page.messages, () =>
          this.#memory.log(ref.agentId, HISTORY),
        )) {
          const change = await this.#describe(ref.agentId, found.from, found.versions);
          const isUndone = await this.#isUndone(ref.agentId, change, found.undoneBy);
          const { callId } = found;
          this.#tell(ref, { type: 'remembered', runId: null, callId, change: { ...change, isUndone } });
        }
      });
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#runs.clear();
  }

  #begin(key: string, ref: ConversationRef, runId: string | null): void {
    const known = this.#runs.get(key);
    if (known !== undefined) {
      known.runId = runId ?? known.runId;
      return;
    }
    if (this.#silent.has(ref.agentId)) return;
    const base = this.#memory.log(ref.agentId, 1).then(
      ([newest]) => newest?.id ?? null,
      (error: unknown) => {
        if (error instanceof LettaError && error.reason === 'timeout') this.#silent.add(ref.agentId);
        this.#logger.warn(`The agent's memory could not be looked at: ${String(error)}`);
        return null;
      },
    );
    this.#runs.set(key, { base, runId, looking: Promise.resolve(), told: new Map() });
  }

  #end(key: string, ref: ConversationRef): void {
    const run = this.#runs.get(key);
    this.#runs.delete(key);
    if (run !== undefined) this.#look(ref, run);
  }

  /** One look after the other: the later one knows what the earlier one told. */
  #look(ref: ConversationRef, run: Run): void {
    run.looking = run.looking.then(() => this.#compare(ref, run)).catch(this.#onError);
  }

  async #compare(ref: ConversationRef, run: Run): Promise<void> {
    const base = await run.base;
    if (base === null) return;
    const log = await this.#memory.log(ref.agentId, NEWEST);
    const known = log.findIndex((version) => version.id === base);
    const fresh = log.slice(0, known < 0 ? log.length : known).toReversed();
    for (const { from, versions } of this.#chains(base, fresh)) {
      const to = versions.at(-1)?.id;
      if (to === undefined || run.told.get(from) === to) continue;
      run.told.set(from, to);
      const change = await this.#describe(ref.agentId, from, versions);
      this.#tell(ref, { type: 'remembered', runId: run.runId, callId: null, change });
    }
  }

  /** What the person did here meanwhile is not the agent's, and must not be undone with it. */
  #chains(
    base: string,
    fresh: readonly MemoryVersion[],
  ): readonly { readonly from: string; readonly versions: readonly MemoryVersion[] }[] {
    const chains: { from: string; versions: MemoryVersion[] }[] = [{ from: base, versions: [] }];
    for (const version of fresh) {
      if (this.#memory.isOwn(version.id)) chains.push({ from: version.id, versions: [] });
      else chains.at(-1)?.versions.push(version);
    }
    return chains;
  }

  async #describe(agentId: string, from: string, versions: readonly MemoryVersion[]): Promise<MemoryChange> {
    const to = versions.at(-1)?.id ?? from;
    const byPath = new Map<string, Counted>();
    let canUndo = true;
    for (const version of versions) {
      const diff = await this.#memory.changes(agentId, version.id);
      canUndo &&= diff.isWhole && diff.files.every((file) => file.isText);
      for (const { path, lines } of diff.files) {
        const known = byPath.get(path);
        byPath.set(path, {
          added: (known?.added ?? 0) + (lines?.added ?? 0),
          removed: (known?.removed ?? 0) + (lines?.removed ?? 0),
          isExact: known === undefined && lines !== null,
        });
      }
    }
    const files: MemoryFileChange[] = [];
    for (const [path, counted] of [...byPath].slice(0, MAX_FILES)) {
      const { isExact, ...lines } = counted;
      const net = isExact ? lines : await this.#net(agentId, from, to, path);
      canUndo &&= net !== null;
      const { added, removed } = net ?? lines;
      if (added > 0 || removed > 0) files.push({ path, added, removed });
    }
    return { from, to, files, canUndo: canUndo && byPath.size <= MAX_FILES, isUndone: false };
  }

  /** From the contents: several versions may have changed the same lines. Null: too big to be read. */
  async #net(
    agentId: string,
    from: string,
    to: string,
    path: string,
  ): Promise<{ readonly added: number; readonly removed: number } | null> {
    try {
      const before = await this.#memory.readAt(agentId, from, path);
      const after = await this.#memory.readAt(agentId, to, path);
      return lineChanges(before ?? '', after ?? '');
    } catch (error) {
      if (error instanceof LettaError && error.reason === 'refused') return null;
      throw error;
    }
  }

  /** The words of a version can be anybody's: what it holds decides. */
  async #isUndone(agentId: string, change: MemoryChange, version: string | null): Promise<boolean> {
    if (version === null) return false;
    for (const { path } of change.files) {
      const before = await this.#memory.readAt(agentId, change.from, path);
      if ((await this.#memory.readAt(agentId, version, path)) !== before) return false;
    }
    return true;
  }

  #attempt(action: () => Promise<void>): void {
    action().catch(this.#onError);
  }

  readonly #onError = (error: unknown): void => {
    if (!this.#isDisposed) this.#logger.warn(`What the agent remembered could not be read: ${String(error)}`);
  };
}

interface Counted {
  readonly added: number;
  readonly removed: number;
  readonly isExact: boolean;
}

import type { AgentMemory, MemoryDiff, MemoryFile, MemoryVersion } from '../../core/agentMemory.ts';
import { Emitter } from '../../core/emitter.ts';
import { LettaError, type ConversationRef } from '../../core/lettaConnection.ts';
import type { LettaEvent } from '../../core/lettaEvent.ts';
import type { Disposable, Logger } from '../../core/ports.ts';
import { isMemoryPath } from '../../shared/memoryText.ts';
import type { MemoryChange } from '../../shared/transcript.ts';
import { date, flag, objects, text } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Frame } from './frameLink.ts';
import { parseMemoryDiff } from './memoryDiff.ts';
import { required, succeeded } from './requests.ts';
import type { Requests } from './requests.ts';

const MAX_FILES = 2000;
const MAX_BYTES = 1024 * 1024;
const VERSION = /^[0-9a-f]{40,64}$/;

/** Memory files over the App Server. `memory_history` answers nothing at all when it fails: its time limit tells. */
export class AppServerMemory implements AgentMemory, Disposable {
  readonly #requests: Requests;
  readonly #tell: (ref: ConversationRef, event: LettaEvent) => void;
  readonly #own = new Set<string>();
  readonly #changed: Emitter<void>;

  constructor(requests: Requests, logger: Logger, tell: (ref: ConversationRef, event: LettaEvent) => void) {
    this.#requests = requests;
    this.#tell = tell;
    this.#changed = new Emitter((error) => {
      logger.error('A listener of the memory failed', error);
    });
  }

  get onDidChange() {
    return this.#changed.event;
  }

  async list(agentId: string): Promise<readonly MemoryFile[]> {
    const frame = { type: 'list_memory', agent_id: agentId };
    const replies = await this.#requests.askAll(frame, (reply) => flag(succeeded(reply), 'done') !== false);
    return replies
      .flatMap((reply) => objects(reply, 'entries'))
      .map((entry) => ({
        path: text(entry, 'relative_path') ?? '',
        description: text(entry, 'description') ?? '',
      }))
      .filter(({ path }) => isMemoryPath(path))
      .slice(0, MAX_FILES);
  }

  async read(agentId: string, path: string): Promise<Uint8Array | null> {
    const frame = {
      type: 'read_memory_file',
      agent_id: agentId,
      path: checkedPath(path),
      encoding: 'base64',
    };
    const content = await this.#requests.ask(frame, (reply) =>
      isMissing(reply) ? null : required(text(succeeded(reply), 'content'), 'read_memory_file'),
    );
    return content === null ? null : checkedSize(Buffer.from(content, 'base64'));
  }

  async write(agentId: string, path: string, content: Uint8Array, reason: string): Promise<string | null> {
    checkedSize(content);
    const before = await this.read(agentId, path);
    try {
      return await this.#put(agentId, path, content, reason);
    } catch (error) {
      // What was refused stays in the agent's working copy, and stops the agent from writing anything.
      await this.#put(agentId, path, before, reason).catch(() => undefined);
      throw error;
    }
  }

  async remove(agentId: string, path: string, reason: string): Promise<string | null> {
    return this.#put(agentId, path, null, reason);
  }

  async log(agentId: string, limit: number): Promise<readonly MemoryVersion[]> {
    const frame = { type: 'memory_history', agent_id: agentId, limit };
    return this.#requests.ask(frame, (reply) =>
      objects(succeeded(reply), 'commits')
        .map((commit) => ({
          id: text(commit, 'sha') ?? '',
          reason: text(commit, 'message') ?? '',
          at: date(commit, 'timestamp'),
        }))
        .filter(({ id }) => VERSION.test(id))
        .slice(0, limit),
    );
  }

  async changes(agentId: string, version: string): Promise<MemoryDiff> {
    const frame = { type: 'memory_commit_diff', agent_id: agentId, sha: checkedVersion(version) };
    return this.#requests.ask(frame, (reply) =>
      parseMemoryDiff(required(text(succeeded(reply), 'diff'), 'memory_commit_diff')),
    );
  }

  async readAt(agentId: string, version: string, path: string): Promise<string | null> {
    return this.#at(agentId, checkedVersion(version), path);
  }

  async readBefore(agentId: string, version: string, path: string): Promise<string | null> {
    return this.#at(agentId, `${checkedVersion(version)}^`, path);
  }

  isOwn(version: string): boolean {
    return this.#own.has(version);
  }

  noteUndone(ref: ConversationRef, { from, to }: MemoryChange): void {
    this.#tell(ref, { type: 'memoryUndone', from, to });
  }

  /** The server said so, or something was found. */
  noteChange(): void {
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** Null removes the file. */
  async #put(
    agentId: string,
    path: string,
    content: Uint8Array | null,
    reason: string,
  ): Promise<string | null> {
    const common = { agent_id: agentId, path: checkedPath(path), commit_message: reason };
    const frame: Frame =
      content === null
        ? { type: 'delete_memory_file', ...common }
        : {
            type: 'write_memory_file',
            ...common,
            content: Buffer.from(content).toString('base64'),
            encoding: 'base64',
          };
    return this.#requests.ask(frame, (reply) => {
      const version = text(accepted(reply), 'commit_sha');
      // Before any later frame is read: whoever looks for changes has to know this one.
      if (version !== null) this.#own.add(version);
      return version;
    });
  }

  #at(agentId: string, ref: string, path: string): Promise<string | null> {
    const frame = { type: 'memory_file_at_ref', agent_id: agentId, ref, file_path: checkedPath(path) };
    return this.#requests.ask(frame, (reply) => {
      if (isMissing(reply)) return null;
      const content = required(text(succeeded(reply), 'content'), 'memory_file_at_ref');
      if (content.length > MAX_BYTES) throw tooBig();
      return content;
    });
  }
}

/** The server has words for it only, Node's or Git's. */
function isMissing(reply: Fields): boolean {
  if (flag(reply, 'success') !== false) return false;
  return /^ENOENT|does not exist in '|exists on disk, but not in '/m.test(text(reply, 'error') ?? '');
}

/** Why a file was not accepted, without the command that did not accept it. */
function accepted(reply: Fields): Fields {
  if (flag(reply, 'success') !== false) return reply;
  const lines = (text(reply, 'error') ?? '').split('\n').map((line) => line.trim());
  const reasons = lines.filter((line) => line !== '' && !/^Command failed:|validation failed:$/.test(line));
  throw new LettaError(
    'refused',
    reasons.length === 0
      ? 'Letta does not accept this.'
      : `Letta does not accept this: ${reasons.join('; ')}`,
  );
}

function checkedPath(path: string): string {
  if (!isMemoryPath(path)) throw new LettaError('refused', 'This is not a file of the memory.');
  return path;
}

function checkedVersion(version: string): string {
  if (!VERSION.test(version)) throw new LettaError('refused', 'This is not a version of the memory.');
  return version;
}

function checkedSize(content: Uint8Array): Uint8Array {
  if (content.length > MAX_BYTES) throw tooBig();
  return content;
}

function tooBig(): LettaError {
  return new LettaError('refused', 'This file is too big to be handled here.');
}

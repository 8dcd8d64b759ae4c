import { shownPath } from '../shared/memoryText.ts';
import type { MemoryChange } from '../shared/transcript.ts';
import type { AgentMemory } from './agentMemory.ts';
import { LettaError } from './lettaConnection.ts';

export type UndoResult =
  | { readonly kind: 'undone' }
  /** All of it was put back before. */
  | { readonly kind: 'nothingToDo' }
  /** These files are no longer as the change left them: nothing of them was written. */
  | { readonly kind: 'changedSince'; readonly paths: readonly string[] };

/** The words of the versions that undo. Read again after a reload: see `undoneVersion`. */
export function undoReason(change: Pick<MemoryChange, 'to'>): string {
  return `Undone in VS Code: ${change.to}`;
}

/**
 * Puts back what the files held before the change, each as a new version: the history keeps everything. Files that
 * were put back already are left alone; when one was changed since, nothing is written at all.
 */
export async function undoMemory(
  memory: AgentMemory,
  agentId: string,
  change: MemoryChange,
): Promise<UndoResult> {
  const plan: Step[] = [];
  const changed: string[] = [];
  for (const { path } of change.files) {
    const before = await memory.readAt(agentId, change.from, path);
    const after = await memory.readAt(agentId, change.to, path);
    if (!isExact(before) || !isExact(after)) {
      throw new LettaError('refused', `${shownPath(path)} is not text and cannot be put back here.`);
    }
    const now = textOf(await memory.read(agentId, path));
    if (now === before) continue;
    if (now === after) plan.push({ path, before, after });
    else changed.push(path);
  }
  if (changed.length > 0) return { kind: 'changedSince', paths: changed };
  for (const step of plan) {
    if (!(await putBack(memory, agentId, step, undoReason(change)))) {
      return { kind: 'changedSince', paths: [step.path] };
    }
  }
  return { kind: plan.length === 0 ? 'nothingToDo' : 'undone' };
}

interface Step {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** False: somebody wrote the file in the moment before. Theirs is put back then. */
async function putBack(memory: AgentMemory, agentId: string, step: Step, reason: string): Promise<boolean> {
  const { path, before, after } = step;
  const version = await put(memory, agentId, path, before, reason);
  if (version === null) return true;
  const replaced = await memory.readBefore(agentId, version, path);
  if (replaced === after) return true;
  await put(memory, agentId, path, replaced, 'Kept in VS Code: it was changed in the same moment');
  return false;
}

function put(
  memory: AgentMemory,
  agentId: string,
  path: string,
  content: string | null,
  reason: string,
): Promise<string | null> {
  return content === null
    ? memory.remove(agentId, path, reason)
    : memory.write(agentId, path, new TextEncoder().encode(content), reason);
}

/** What is not text comes with replacement characters: written back it would be something else. */
function isExact(content: string | null): boolean {
  return content === null || !/[\0\ufffd]/.test(content);
}

function textOf(content: Uint8Array | null): string | null {
  return content === null ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
}

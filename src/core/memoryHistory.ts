import type { MemoryVersion } from './agentMemory.ts';
import type { HistoryMessage } from './lettaEvent.ts';
import { undoReason } from './memoryUndo.ts';

/** What history tells of memory: nothing but the tools' own words, which name the version they made. */
export interface RememberedInHistory {
  /** The call whose result names the last one. */
  readonly callId: string;
  readonly from: string;
  /** Oldest first, one after the other. */
  readonly versions: readonly MemoryVersion[];
  /** A version that says it undid this. */
  readonly undoneBy: string | null;
}

/** Times of versions are whole seconds. */
const SLACK_MS = 2000;
const SHORT = 7;

interface Evidence {
  readonly turn: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly callId: string;
  readonly names: ReadonlySet<string>;
}

/**
 * Finds the versions that were made in the turns of a page: those whose name stands in a tool's result of the turn,
 * and whose time lies in it. A turn that only lists older versions made none of them. The log is asked for only when
 * some result has a name in it.
 */
export async function rememberedInHistory(
  messages: readonly HistoryMessage[],
  readLog: () => Promise<readonly MemoryVersion[]>,
): Promise<readonly RememberedInHistory[]> {
  const evidence = evidenceOf(messages);
  if (evidence.length === 0) return [];
  const log = await readLog();
  const found: (RememberedInHistory & { readonly turn: number })[] = [];
  for (const [index, version] of log.entries()) {
    const proof = evidence.findLast((one) => isMadeIn(version, one));
    const from = log[index + 1]?.id;
    if (proof === undefined || from === undefined) continue;
    const newer = found.at(-1);
    if (newer?.turn === proof.turn && newer.from === version.id) {
      found.splice(-1, 1, { ...newer, from, versions: [version, ...newer.versions] });
    } else {
      const undoneBy = log.find((one) => one.reason === undoReason({ to: version.id }))?.id ?? null;
      found.push({ turn: proof.turn, callId: proof.callId, from, versions: [version], undoneBy });
    }
  }
  return found.toReversed();
}

function isMadeIn(version: MemoryVersion, { names, startedAt, endedAt }: Evidence): boolean {
  if (version.at === null || !names.has(version.id.slice(0, SHORT))) return false;
  return version.at >= startedAt - SLACK_MS && version.at <= endedAt + SLACK_MS;
}

function evidenceOf(messages: readonly HistoryMessage[]): readonly Evidence[] {
  const all: Evidence[] = [];
  let turn = 0;
  let startedAt: number | null = null;
  for (const message of messages) {
    if (message.kind === 'user') {
      turn++;
      startedAt = null;
    }
    startedAt ??= message.at;
    if (message.kind !== 'toolReturn' || message.at === null || startedAt === null) continue;
    const names = new Set(
      Array.from(message.output.matchAll(/\b[0-9a-f]{7,40}\b/g), ([name]) => name.slice(0, SHORT)),
    );
    if (names.size > 0) all.push({ turn, startedAt, endedAt: message.at, callId: message.callId, names });
  }
  return all;
}

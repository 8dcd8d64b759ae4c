import { memoryTitle } from '../shared/memoryText.ts';
import { PANEL_STRINGS } from '../shared/strings.ts';
import type { MemoryChange, NoticePart } from '../shared/transcript.ts';
import type { FoldDraft, FoundPart } from './foldDraft.ts';
import { addRowOutsideTurns } from './foldTurns.ts';
import type { LettaEvent } from './lettaEvent.ts';

type EventOf<T extends LettaEvent['type']> = Extract<LettaEvent, { type: T }>;

/** One row for the changes since one version. What was seen to happen is exact: history adds nothing to its turn. */
export function remembered(draft: FoldDraft, event: EventOf<'remembered'>): void {
  const { change } = event;
  const known = rowOf(draft, change.from);
  if (event.callId !== null) {
    if (known === null) addFromHistory(draft, event.callId, change);
    return;
  }
  if (change.files.length === 0) {
    if (known !== null) draft.removePart(known.turn.id, known.part.id);
    return;
  }
  const wasUndone = known?.part.memory?.to === change.to && known.part.memory.isUndone;
  const row = memoryRow({ ...change, isUndone: change.isUndone || wasUndone });
  const turnId = known?.turn.id ?? turnOfRun(draft, event.runId);
  if (turnId === null || draft.turn(turnId) === null) addRowOutsideTurns(draft, row);
  else draft.putPart(turnId, row);
}

export function memoryUndone(draft: FoldDraft, event: EventOf<'memoryUndone'>): void {
  const known = rowOf(draft, event.from);
  if (known?.part.memory?.to !== event.to) return;
  draft.putPart(known.turn.id, { ...memoryRow({ ...known.part.memory, isUndone: true }), id: known.part.id });
}

/** Right behind the call that did it. */
function addFromHistory(draft: FoldDraft, callId: string, change: MemoryChange): void {
  const turn = draft.find('tool', callId)?.turn ?? null;
  if (turn === null || change.files.length === 0) return;
  if (turn.parts.some((part) => part.kind === 'notice' && part.code === 'memory')) return;
  const index = turn.parts.findLastIndex((part) => part.kind === 'tool' && part.id === callId);
  draft.addPart(turn.id, memoryRow(change), index < 0 ? null : (turn.parts[index + 1]?.id ?? null));
}

function rowOf(draft: FoldDraft, from: string): FoundPart<'notice'> | null {
  return draft.find('notice', rowId(from));
}

function rowId(from: string): string {
  return `memory:${from}`;
}

/** Memory is also written after the end of a turn: that still belongs to it. */
function turnOfRun(draft: FoldDraft, runId: string | null): string | null {
  const { turns } = draft.state.memory;
  const ofRun = runId === null ? undefined : turns.findLast((turn) => turn.runIds.includes(runId));
  return ofRun?.turnId ?? draft.state.currentTurnId ?? turns.at(-1)?.turnId ?? null;
}

function memoryRow(change: MemoryChange): NoticePart {
  return {
    kind: 'notice',
    id: rowId(change.from),
    code: 'memory',
    level: 'info',
    text: memoryTitle(change, PANEL_STRINGS),
    detail: '',
    retry: null,
    actions: change.isUndone || !change.canUndo ? ['viewMemory'] : ['viewMemory', 'undoMemory'],
    memory: change,
  };
}

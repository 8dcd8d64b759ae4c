import type { NoticePart } from '../shared/transcript.ts';
import type { FoldDraft } from './foldDraft.ts';
import { outcomeNotice, outcomeNoticeId } from './failure.ts';
import { addRowOutsideTurns, retryNoticeId } from './foldTurns.ts';
import type { LettaEvent } from './lettaEvent.ts';

type EventOf<T extends LettaEvent['type']> = Extract<LettaEvent, { type: T }>;

type NoticeFields = Partial<Omit<NoticePart, 'kind' | 'id' | 'code' | 'text'>>;

function notice(id: string, code: NoticePart['code'], text: string, fields: NoticeFields = {}): NoticePart {
  return { kind: 'notice', id, code, level: 'info', text, detail: '', retry: null, actions: [], ...fields };
}

/** In the running turn, else in a row of its own. A row that is there already is replaced where it stands. */
function putNotice(draft: FoldDraft, part: NoticePart): void {
  const known = draft.find('notice', part.id);
  const turnId = known?.turn.id ?? draft.state.currentTurnId;
  if (turnId === null) addRowOutsideTurns(draft, part);
  else draft.putPart(turnId, part);
}

export function retrying(draft: FoldDraft, event: EventOf<'retrying'>): void {
  const turnId = draft.state.currentTurnId;
  if (turnId === null) return;
  const lastError = draft.turnMemory(turnId).lastError;
  // The outer loop only says that it tries again; what went wrong came before.
  const text = event.layer === 'turn' && lastError !== null ? lastError.message : event.message;
  const reason = event.reason === 'unknown' && lastError !== null ? lastError.reason : event.reason;
  draft.putPart(
    turnId,
    notice(retryNoticeId(turnId), 'retrying', text, {
      level: 'warning',
      retry: {
        attempt: event.attempt,
        maxAttempts: event.maxAttempts,
        nextAt: draft.at + event.delayMs,
      },
      // Even a wrong key is tried for 36 s (PROTOCOL b.14): what helps is offered at once.
      actions: reason === 'unauthorised' ? ['stopAndFixKey'] : [],
    }),
  );
  draft.rememberTurn(turnId, { lastError: { message: text, reason } });
}

export function failed(draft: FoldDraft, event: EventOf<'failed'>): void {
  const { currentTurnId, unwindingTurnId } = draft.state;
  if (currentTurnId !== null) {
    draft.rememberTurn(currentTurnId, { lastError: { message: event.message, reason: event.reason } });
    showFailedAttempt(draft, currentTurnId, event);
    return;
  }
  if (unwindingTurnId !== null) return;
  if (event.isTerminal && isWhyLastTurnEnded(draft, event)) return;
  addRowOutsideTurns(
    draft,
    notice(draft.eventId, 'error', event.message, { level: 'error', actions: ['showLog'] }),
  );
}

function showFailedAttempt(draft: FoldDraft, turnId: string, event: EventOf<'failed'>): void {
  const known = draft.find('notice', retryNoticeId(turnId));
  if (known?.turn.id !== turnId || known.part.retry === null) return;
  draft.putPart(turnId, {
    ...known.part,
    text: event.message,
    actions: event.reason === 'unauthorised' ? ['stopAndFixKey'] : [],
  });
}

/** The server repeats after the end why the turn ended: the row that is there gets the words, no second one comes. */
function isWhyLastTurnEnded(draft: FoldDraft, event: EventOf<'failed'>): boolean {
  const memory = draft.state.memory.turns.at(-1);
  const turn = memory === undefined ? null : draft.turn(memory.turnId);
  if (memory?.awaitsTerminalError !== true || turn === null) return false;
  const { outcome } = turn;
  if (outcome?.kind !== 'failed' || event.message === '') return true;
  const reason = event.reason === 'unknown' ? outcome.reason : event.reason;
  const next = { ...outcome, reason, message: event.message };
  if (next.reason === outcome.reason && next.message === outcome.message) return true;
  const row = outcomeNotice(turn.id, next);
  if (row !== null && turn.parts.some((part) => part.id === outcomeNoticeId(turn.id)))
    draft.putPart(turn.id, row);
  draft.emit({ op: 'setTurn', turnId: turn.id, outcome: next });
  return true;
}

export function said(draft: FoldDraft, event: EventOf<'notice'>): void {
  putNotice(draft, notice(event.id, 'info', event.text, { level: event.level }));
}

/** A command has a name, not an id: its end belongs to the newest one of the name that has not ended. */
export function commandRan(draft: FoldDraft, event: EventOf<'commandRan'>): void {
  const open = openCommand(draft, event.id);
  if (event.output === null && open !== null) return;
  putNotice(
    draft,
    notice(open ?? `${event.id}:${draft.eventId}`, 'command', event.input, {
      level: event.isError ? 'error' : 'info',
      detail: event.output ?? RUNNING,
    }),
  );
}

const RUNNING = 'Running…';

function openCommand(draft: FoldDraft, name: string): string | null {
  for (const turn of draft.state.transcript.turns.slice(-2).toReversed()) {
    const open = turn.parts.findLast(
      (part) =>
        part.kind === 'notice' &&
        part.code === 'command' &&
        part.detail === RUNNING &&
        part.id.startsWith(`${name}:`),
    );
    if (open !== undefined) return open.id;
  }
  return null;
}

export function compacted(draft: FoldDraft, event: EventOf<'compacted'>): void {
  putNotice(
    draft,
    notice(event.id, 'compacted', 'Older messages were summed up to make room.', { detail: event.summary }),
  );
}

export function unknownEvent(draft: FoldDraft, event: EventOf<'unknown'>): void {
  putNotice(draft, notice(event.id, 'unknown', event.name, { detail: event.json }));
}

/** One row a turn, however much of it could not be read; what was sent is found in the history. */
export function unreadable(draft: FoldDraft): void {
  const turnId = draft.state.currentTurnId ?? draft.lastTurn?.id ?? 'start';
  if (turnId.endsWith(UNREADABLE_ID)) return;
  putNotice(
    draft,
    notice(`${turnId}${UNREADABLE_ID}`, 'error', UNREADABLE, {
      level: 'warning',
      actions: ['readAgain', 'showLog'],
    }),
  );
}

const UNREADABLE_ID = ':unreadable';
const UNREADABLE = 'Something Letta sent could not be read, so a part may be missing here.';

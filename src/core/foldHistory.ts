import type { Part, Turn, UserPart } from '../shared/transcript.ts';
import type { FoldDraft } from './foldDraft.ts';
import { reopen, showActivity } from './foldTurns.ts';
import { mergeHistory } from './historyMerge.ts';
import type { HistoryPage, LettaEvent } from './lettaEvent.ts';
import { diffTurns } from './transcriptDiff.ts';

export function historyRead(draft: FoldDraft, event: Extract<LettaEvent, { type: 'historyRead' }>): void {
  if (event.place === 'older') readOlder(draft, event.page);
  else readNewest(draft, event.page);
}

function readNewest(draft: FoldDraft, page: HistoryPage): void {
  const before = draft.state.transcript;
  const merged = mergeHistory(before.turns, page.messages, draft.state.currentTurnId);
  // Between what is known and this page something is missing: the page is where the conversation goes on.
  const isGap = merged.isApart && page.before !== null && merged.inPage.length > 0;
  const kept = isGap ? merged.turns.filter((turn) => isKept(draft, merged.inPage, turn)) : merged.turns;
  const turns = markNotKept(kept, merged.inPage, page);
  const reachesFirst = merged.inPage.length === 0 || turns[0]?.id === merged.inPage[0];
  const hasOlder = reachesFirst ? page.before !== null : before.hasOlder;
  if (before.turns.length === 0 || isGap) {
    if (turns.length > 0 || hasOlder) draft.emit({ op: 'reset', transcript: { turns, hasOlder } });
  } else {
    for (const patch of diffTurns(before.turns, turns)) draft.emit(patch);
    if (hasOlder !== before.hasOlder) draft.emit({ op: 'prepend', turns: [], hasOlder });
  }
  if (reachesFirst) draft.update({ historyBefore: page.before });
  takeFromQueue(draft);
  followRunningTurn(draft, merged.inPage.at(-1) ?? null);
}

/** A prompt of a turn that did not end well, where the page tells of what is around it and not of the prompt: lost there. */
function markNotKept(turns: readonly Turn[], inPage: readonly string[], page: HistoryPage): readonly Turn[] {
  const kept = new Set(
    page.messages.flatMap((message) => (message.kind === 'user' ? [message.clientId ?? message.id] : [])),
  );
  // The first turn of a page may have begun on an older one.
  const first = page.before === null ? 0 : turns.findIndex((turn) => inPage.includes(turn.id)) + 1;
  const isLost = (part: Part): part is UserPart => isTakenForSent(part) && !kept.has(part.id);
  return turns.map((turn, index) => {
    if (index < first || turn.state !== 'ended' || turn.outcome === null) return turn;
    if (turn.outcome.kind === 'completed' || !turn.parts.some(isLost)) return turn;
    const parts = turn.parts.map((part): Part => (isLost(part) ? { ...part, delivery: 'notKept' } : part));
    return { ...turn, parts };
  });
}

function isTakenForSent(part: Part): part is UserPart {
  return part.kind === 'user' && part.delivery === 'sent' && part.origin === 'person';
}

function isKept(draft: FoldDraft, inPage: readonly string[], turn: Turn): boolean {
  return turn.state !== 'ended' || turn.id === draft.state.unwindingTurnId || inPage.includes(turn.id);
}

/** What history shows is in the model's context and waits no longer. */
function takeFromQueue(draft: FoldDraft): void {
  const queue = draft.state.queue.filter((entry) => draft.find('user', entry.clientId) === null);
  if (queue.length !== draft.state.queue.length) draft.update({ queue });
  const current = draft.currentTurn;
  if (
    current?.state === 'pending' &&
    current.parts.every((part) => part.kind === 'user' && part.delivery === 'sent')
  ) {
    showActivity(draft, current.id, null);
  }
}

/** The server is at work and nothing here runs: it works on the newest turn it has, unless that is known to be over. */
function followRunningTurn(draft: FoldDraft, newestInPage: string | null): void {
  const { state } = draft;
  const last = draft.lastTurn;
  if (state.currentTurnId !== null || newestInPage === null || last?.id !== newestInPage) return;
  const isRemembered = state.memory.turns.some((memory) => memory.turnId === newestInPage);
  const memory = draft.turnMemory(newestInPage);
  if (isRemembered && !memory.isOpenEnded) return;
  draft.rememberTurn(newestInPage, { isOpenEnded: true });
  const isWorking = state.isProcessing || (state.phase !== 'idle' && state.phase !== 'runningCommand');
  if (isWorking && state.unwindingTurnId === null) reopen(draft, newestInPage);
}

/** Older messages go before all others; a turn whose beginning was on the older page gets it. */
function readOlder(draft: FoldDraft, page: HistoryPage): void {
  if (isInside(draft, page)) return;
  draft.update({ historyBefore: page.before });
  const hasOlder = page.before !== null;
  foundAfterAll(draft, page);
  const messages = page.messages.filter((message) => holderOf(draft, message) === null);
  const turns = [...mergeHistory([], messages, null).turns];
  const first = draft.state.transcript.turns[0];
  if (first !== undefined && first.parts[0]?.kind !== 'user' && first.parts[0]?.kind !== 'notice') {
    const beginning = turns.pop();
    const beforeId = first.parts[0]?.id ?? null;
    for (const part of beginning?.parts ?? []) draft.addPart(first.id, part, beforeId);
  }
  draft.emit({ op: 'prepend', turns: withOwnIds(draft, turns), hasOlder });
  takeFromQueue(draft);
}

/** It was taken for lost, and stands further back. */
function foundAfterAll(draft: FoldDraft, page: HistoryPage): void {
  for (const message of page.messages) {
    if (message.kind !== 'user') continue;
    const found = draft.find('user', message.clientId ?? message.id);
    if (found?.part.delivery === 'notKept') draft.putPart(found.turn.id, { ...found.part, delivery: 'sent' });
  }
}

function withOwnIds(draft: FoldDraft, turns: readonly Turn[]): readonly Turn[] {
  const taken = new Set([...draft.state.transcript.turns, ...turns].map((turn) => turn.id));
  return turns.map((turn) => {
    let { id } = turn;
    if (draft.turn(id) !== null) while (taken.has(id)) id += "'";
    taken.add(id);
    return { ...turn, id };
  });
}

/** The page begins within what is here already, after the first turn: it says nothing about what comes before that. */
function isInside(draft: FoldDraft, page: HistoryPage): boolean {
  const [oldest] = page.messages;
  const turnId = oldest === undefined ? null : holderOf(draft, oldest);
  const turn = turnId === null ? null : draft.turn(turnId);
  // What was taken for lost does not stand where the history has it.
  if (turn?.parts.some((part) => part.kind === 'user' && part.delivery === 'notKept') === true) return false;
  return turnId !== null && turnId !== draft.state.transcript.turns[0]?.id;
}

type Message = HistoryPage['messages'][number];

/** The turn that has this message already. */
function holderOf(draft: FoldDraft, message: Message): string | null {
  switch (message.kind) {
    case 'user':
      return draft.find('user', message.clientId ?? message.id)?.turn.id ?? null;
    case 'text':
    case 'reasoning':
      return draft.find(message.kind, message.id)?.turn.id ?? null;
    case 'toolCall':
    case 'toolReturn':
      return draft.find('tool', message.callId)?.turn.id ?? null;
    case 'compacted':
    case 'unknown':
      return draft.find('notice', message.id)?.turn.id ?? null;
  }
}

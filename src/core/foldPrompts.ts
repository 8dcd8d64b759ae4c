import type { SentAttachment, Turn, UserPart } from '../shared/transcript.ts';
import type { FoldDraft } from './foldDraft.ts';
import type { QueuedPrompt } from './foldState.ts';
import { endTurn, reopen, showActivity, startTurn } from './foldTurns.ts';
import { outcomeNoticeId } from './failure.ts';
import type { LettaEvent } from './lettaEvent.ts';

type EventOf<T extends LettaEvent['type']> = Extract<LettaEvent, { type: T }>;

export function messageSubmitted(draft: FoldDraft, event: EventOf<'messageSubmitted'>): void {
  const { clientId, text, attachments } = event;
  if (isKnown(draft, clientId)) return;
  if (draft.state.currentTurnId === null && draft.state.unwindingTurnId === null) {
    startTurn(draft, clientId, 'pending', [userPart(clientId, text, attachments, 'pending', 'person')]);
    return;
  }
  const entry: QueuedPrompt = { clientId, itemId: null, text, attachments, state: 'sending' };
  draft.update({ queue: [...draft.state.queue, entry] });
}

/** A message that was not sent may be sent again under its id: what is left of the first try makes room for it. */
function isKnown(draft: FoldDraft, clientId: string): boolean {
  const queued = draft.state.queue.find((entry) => entry.clientId === clientId);
  if (queued !== undefined && queued.state !== 'unsent') return true;
  const found = draft.find('user', clientId);
  if (queued === undefined && found !== null && found.part.delivery !== 'unsent') return true;
  removeUnsent(draft, clientId);
  return false;
}

function removeUnsent(draft: FoldDraft, clientId: string): void {
  const queued = draft.state.queue.find((entry) => entry.clientId === clientId);
  if (queued?.state === 'unsent') dequeue(draft, clientId);
  const found = draft.find('user', clientId);
  if (found?.part.delivery !== 'unsent') return;
  const isAlone =
    found.turn.state === 'ended' &&
    found.turn.parts.every((part) => part.kind === 'notice' || part === found.part);
  if (isAlone) draft.emit({ op: 'removeTurn', turnId: found.turn.id });
  else draft.removePart(found.turn.id, found.part.id);
}

export function messageWithdrawn(draft: FoldDraft, event: EventOf<'messageWithdrawn'>): void {
  removeUnsent(draft, event.clientId);
}

export function messageNotKept(draft: FoldDraft, event: EventOf<'messageNotKept'>): void {
  const found = draft.find('user', event.clientId);
  if (found?.part.delivery === 'sent') {
    draft.putPart(found.turn.id, { ...found.part, delivery: 'notKept' });
  }
}

export function messageRejected(draft: FoldDraft, event: EventOf<'messageRejected'>): void {
  draft.update({
    queue: draft.state.queue.map((entry) =>
      entry.clientId === event.clientId ? { ...entry, state: 'unsent' } : entry,
    ),
  });
  const found = draft.find('user', event.clientId);
  if (found?.part.delivery !== 'pending' && found?.part.delivery !== 'unsent') return;
  const turnId = found.turn.id;
  draft.putPart(turnId, { ...found.part, delivery: 'unsent' });
  draft.putPart(turnId, {
    kind: 'notice',
    id: outcomeNoticeId(turnId),
    code: 'error',
    level: 'error',
    text: event.message === '' ? 'The message was not sent.' : event.message,
    detail: '',
    retry: null,
    actions: ['sendAgain'],
  });
  if (found.turn.state === 'ended' || draft.turnMemory(turnId).hasActivity) return;
  draft.emit({ op: 'setTurn', turnId, state: 'ended', outcome: null });
  if (draft.state.currentTurnId === turnId) draft.update({ currentTurnId: null });
}

export function userMessage(draft: FoldDraft, event: EventOf<'userMessage'>): void {
  const id = event.clientId ?? event.messageId;
  const queued = dequeue(draft, id);
  const found = draft.find('user', id);
  if (found !== null) {
    confirmDelivery(draft, found.turn.id, found.part);
    return;
  }
  const attachments = event.attachments.length > 0 ? event.attachments : (queued?.attachments ?? []);
  enterTurn(draft, userPart(id, event.text, attachments, 'sent', event.origin));
}

function confirmDelivery(draft: FoldDraft, turnId: string, part: UserPart): void {
  const wasUnsent = part.delivery === 'unsent' || part.delivery === 'notKept';
  if (part.delivery !== 'sent') draft.putPart(turnId, { ...part, delivery: 'sent' });
  if (wasUnsent) {
    draft.removePart(turnId, outcomeNoticeId(turnId));
    draft.rememberTurn(turnId, { isOpenEnded: true });
    reopen(draft, turnId);
  }
  if (draft.state.currentTurnId === turnId) showActivity(draft, turnId, null);
}

/** Into the running turn (several prompts taken at once, or one folded in while a tool ran), else into a new one. */
function enterTurn(draft: FoldDraft, part: UserPart): void {
  const { currentTurnId } = draft.state;
  if (currentTurnId === null) {
    startTurn(draft, part.id, 'active', [part]);
  } else {
    showActivity(draft, currentTurnId, null);
    draft.addPart(currentTurnId, part);
  }
}

export function queueChanged(draft: FoldDraft, event: EventOf<'queueChanged'>): void {
  for (const { clientId, disposition } of event.removed) {
    if (clientId === null) continue;
    const entry = draft.state.queue.find((other) => other.clientId === clientId);
    if (entry === undefined || entry.state === 'unsent') continue;
    dequeue(draft, clientId);
    // Its echo comes before this; where it did not, the message is in the model's context all the same.
    if (disposition === 'dequeued' && draft.find('user', clientId) === null) {
      enterTurn(draft, userPart(clientId, entry.text, entry.attachments, 'sent', 'person'));
    }
  }
  const isSameList = draft.state.memory.queueListedBy === draft.source;
  const listed: QueuedPrompt[] = [];
  for (const item of event.items) {
    const clientId = item.clientId ?? item.itemId;
    // Even when nothing runs the server lists a message for a moment (PROTOCOL b.12): shown as a turn, it stays one.
    if (draft.find('user', clientId) !== null) continue;
    if (listed.some((entry) => entry.clientId === clientId)) continue;
    const known = draft.state.queue.find((entry) => entry.clientId === clientId);
    listed.push({
      clientId,
      itemId: item.itemId,
      text: known?.text ?? item.text,
      attachments: known?.attachments ?? [],
      state: item.isPaused ? 'paused' : 'queued',
    });
  }
  const rest = draft.state.queue
    .filter((entry) => !listed.some((other) => other.clientId === entry.clientId))
    // A list from a new connection without it: the queue it stood in is gone (PROTOCOL b.11).
    .map((entry): QueuedPrompt =>
      entry.itemId !== null && !isSameList ? { ...entry, state: 'unsent', itemId: null } : entry,
    );
  draft.update({ queue: [...listed, ...rest] });
  draft.remember({ queueListedBy: draft.source });
}

export function stopRequested(draft: FoldDraft): void {
  const turn = draft.currentTurn;
  if (turn !== null && turn.state !== 'stopping') {
    draft.emit({ op: 'setTurn', turnId: turn.id, state: 'stopping' });
  }
}

export function stopConfirmed(draft: FoldDraft): void {
  const turn = draft.currentTurn;
  if (turn === null) return;
  endTurn(draft, turn.id, { kind: 'stopped' });
  draft.update({ unwindingTurnId: turn.id });
}

export function connectionLost(draft: FoldDraft, event: EventOf<'connectionLost'>): void {
  for (const turn of draft.state.transcript.turns) {
    if (turn.state !== 'ended') interrupt(draft, turn, event.message);
  }
  draft.update({
    unwindingTurnId: null,
    phase: 'idle',
    phaseSince: draft.at,
    isProcessing: false,
    runningSubagents: 0,
    queue: draft.state.queue.map((entry) => ({ ...entry, state: 'unsent', itemId: null })),
  });
  draft.remember({ pendingRequestIds: [], activeSince: null });
}

function interrupt(draft: FoldDraft, turn: Turn, message: string): void {
  const hasActivity = draft.turnMemory(turn.id).hasActivity;
  for (const part of turn.parts) {
    if (part.kind === 'user' && part.delivery === 'pending' && !hasActivity) {
      draft.putPart(turn.id, { ...part, delivery: 'unsent' });
    }
  }
  endTurn(draft, turn.id, { kind: 'interrupted', message });
  draft.rememberTurn(turn.id, { isOpenEnded: true });
}

function dequeue(draft: FoldDraft, clientId: string): QueuedPrompt | null {
  const entry = draft.state.queue.find((other) => other.clientId === clientId) ?? null;
  if (entry !== null) draft.update({ queue: draft.state.queue.filter((other) => other !== entry) });
  return entry;
}

function userPart(
  id: string,
  text: string,
  attachments: readonly SentAttachment[],
  delivery: UserPart['delivery'],
  origin: UserPart['origin'],
): UserPart {
  return { kind: 'user', id, text, attachments, delivery, origin };
}

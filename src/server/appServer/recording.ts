import type { ConversationRef } from '../../core/lettaConnection.ts';
import type { LettaEvent, StampedEvent } from '../../core/lettaEvent.ts';
import { decodeFrame, refOf } from './decode.ts';
import { decodeHistory } from './decodeHistory.ts';
import { asFields, flag, number, object, objects, parsedObject, text } from './fields.ts';
import type { Fields } from './fields.ts';
import { userContent } from './messageContent.ts';
import { stampEvents } from './stamp.ts';

/** The events of one conversation in a recording, in the order they came. */
export interface RecordedConversation {
  readonly ref: ConversationRef;
  readonly events: readonly StampedEvent[];
}

/**
 * The rows of a recording: `{t, dir: 'in'|'out', conn?, frame}`, `{t, dir, raw}` for what is not a frame, `{t, note}`
 * for what the recorder did, and a heading. Lines that are no JSON are left out.
 */
export function parseRecording(jsonl: string): readonly Fields[] {
  return jsonl
    .split('\n')
    .map((line) => parsedObject(line))
    .filter((row) => row !== null);
}

/**
 * What an extension that sent and received these frames would have folded: frames in are decoded as from a live
 * connection, frames out are what the person did. Conversations in the order of their first event.
 */
export function decodeRecording(rows: readonly Fields[]): readonly RecordedConversation[] {
  const recorder = new RecordingDecoder();
  for (const row of rows) recorder.take(row);
  return recorder.conversations();
}

interface Asked {
  readonly type: string;
  readonly frame: Fields;
}

export class RecordingDecoder {
  readonly #byId = new Map<string, { readonly ref: ConversationRef; readonly events: StampedEvent[] }>();
  /** Requests without an answer, per connection and request id. */
  readonly #asked = new Map<string, Asked>();
  /** Conversations that each open connection listens to. */
  readonly #listening = new Map<string, Set<string>>();
  /** As the server last said: which conversations run. */
  readonly #processing = new Set<string>();

  take(row: Fields): void {
    const at = number(row, 't') ?? 0;
    const conn = text(row, 'conn') ?? 'A';
    const note = text(row, 'note');
    const frame = object(row, 'frame');
    if (note?.startsWith('socket closed') === true) this.#closed(conn, at);
    else if (frame !== null && text(row, 'dir') === 'in') this.#received(conn, frame, at);
    else if (frame !== null && text(row, 'dir') === 'out') this.#sent(conn, frame, at);
  }

  conversations(): readonly RecordedConversation[] {
    return [...this.#byId.values()].filter(({ events }) => events.length > 0);
  }

  #received(conn: string, frame: Fields, at: number): void {
    const { ref, events } = decodeFrame(frame);
    if (ref !== null) this.#listen(conn, ref);
    for (const event of events) {
      if (event.type === 'deviceChanged' && ref !== null) this.#noteProcessing(ref, event.isProcessing);
    }
    this.#answered(conn, frame, at);
    const target = ref ?? this.#onlyRunning(events);
    if (target === null) return;
    this.#add(target, ...stampEvents(events, at, conn, number(frame, 'event_seq')));
  }

  #sent(conn: string, frame: Fields, at: number): void {
    const requestId = text(frame, 'request_id');
    const type = text(frame, 'type') ?? '';
    if (requestId !== null) this.#asked.set(`${conn} ${requestId}`, { type, frame });
    const ref = refOf(frame);
    if (ref === null) return;
    this.#listen(conn, ref);
    const events = type === 'abort_message' ? [STOP_REQUESTED] : personsInput(frame);
    this.#add(ref, ...stampEvents(events, at, '', null));
  }

  /** Replies count once, by the request they answer. */
  #answered(conn: string, frame: Fields, at: number): void {
    const key = `${conn} ${text(frame, 'request_id') ?? ''}`;
    const asked = this.#asked.get(key);
    if (asked === undefined) return;
    this.#asked.delete(key);
    const ref = refOf(asked.frame);
    const event = answer(asked, frame);
    const target = ref ?? this.#askedAbout(asked.frame);
    if (event !== null && target !== null) this.#add(target, ...stampEvents([event], at, '', null));
  }

  /** History is asked for by the id of the conversation alone. */
  #askedAbout(asked: Fields): ConversationRef | null {
    const conversationId = text(asked, 'conversation_id');
    if (conversationId === null) return null;
    const query = object(asked, 'query');
    const agentId = query === null ? null : text(query, 'agent_id');
    const known = [...this.#byId.values()].find(
      ({ ref }) => ref.conversationId === conversationId && (agentId === null || ref.agentId === agentId),
    );
    return known?.ref ?? { agentId: agentId ?? '', conversationId };
  }

  #closed(conn: string, at: number): void {
    const heard = this.#listening.get(conn) ?? new Set();
    this.#listening.delete(conn);
    for (const key of heard) {
      const isHeardElsewhere = [...this.#listening.values()].some((others) => others.has(key));
      const conversation = this.#byId.get(key);
      if (isHeardElsewhere || conversation === undefined) continue;
      this.#processing.delete(key);
      this.#add(conversation.ref, ...stampEvents([CONNECTION_LOST], at, '', null));
    }
  }

  #listen(conn: string, ref: ConversationRef): void {
    const heard = this.#listening.get(conn) ?? new Set();
    this.#listening.set(conn, heard.add(keyOf(ref)));
  }

  #noteProcessing(ref: ConversationRef, isProcessing: boolean): void {
    if (isProcessing) this.#processing.add(keyOf(ref));
    else this.#processing.delete(keyOf(ref));
  }

  #onlyRunning(events: readonly LettaEvent[]): ConversationRef | null {
    const [key, ...others] = this.#processing;
    if (events.length === 0 || key === undefined || others.length > 0) return null;
    return this.#byId.get(key)?.ref ?? null;
  }

  #add(ref: ConversationRef, ...events: readonly StampedEvent[]): void {
    const key = keyOf(ref);
    const known = this.#byId.get(key) ?? { ref, events: [] };
    this.#byId.set(key, known);
    known.events.push(...events);
  }
}

const STOP_REQUESTED: LettaEvent = { type: 'stopRequested' };
const CONNECTION_LOST: LettaEvent = { type: 'connectionLost', message: 'The connection to Letta was lost.' };

function keyOf(ref: ConversationRef): string {
  return `${ref.agentId} ${ref.conversationId}`;
}

function personsInput(frame: Fields): readonly LettaEvent[] {
  const payload = object(frame, 'payload');
  if (text(frame, 'type') !== 'input' || payload === null) return [];
  if (text(payload, 'kind') === 'create_message') return objects(payload, 'messages').flatMap(submitted);
  if (text(payload, 'kind') === 'approval_response') return approvalAnswer(payload);
  return [];
}

function submitted(message: Fields): readonly LettaEvent[] {
  const clientId = text(message, 'client_message_id');
  const content = userContent(message['content']);
  if (clientId === null || content === null) return [];
  return [{ type: 'messageSubmitted', clientId, text: content.text, attachments: content.attachments }];
}

function approvalAnswer(payload: Fields): readonly LettaEvent[] {
  const requestId = text(payload, 'request_id');
  const decision = object(payload, 'decision');
  if (requestId === null || decision === null) return [];
  const isAllowed = text(decision, 'behavior') === 'allow';
  const reason = isAllowed ? '' : (text(decision, 'message') ?? '');
  return [{ type: 'approvalAnswered', requestId, decision: isAllowed ? 'allow' : 'deny', reason }];
}

function answer(asked: Asked, frame: Fields): LettaEvent | null {
  switch (asked.type) {
    case 'abort_message':
      return flag(frame, 'aborted') === true ? { type: 'stopConfirmed' } : null;
    case 'conversation_messages_list':
      return historyAnswer(asked.frame, frame);
    case 'input':
      return inputAnswer(asked.frame, frame);
    default:
      return null;
  }
}

function historyAnswer(asked: Fields, frame: Fields): LettaEvent | null {
  const query = asFields(object(asked, 'query')) ?? {};
  // The extension reads newest first only; a page asked for the other way round is not a page of its history.
  if (text(query, 'order') === 'asc') return null;
  const page = decodeHistory(frame);
  if (page === null) return null;
  return { type: 'historyRead', page, place: text(query, 'before') === null ? 'newest' : 'older' };
}

function inputAnswer(asked: Fields, frame: Fields): LettaEvent | null {
  if (flag(frame, 'accepted') !== false) return null;
  const payload = object(asked, 'payload');
  if (payload === null) return null;
  const message = text(frame, 'error') ?? '';
  if (text(payload, 'kind') === 'approval_response') {
    return { type: 'approvalRefused', requestId: text(payload, 'request_id') ?? '', message };
  }
  const first = objects(payload, 'messages')[0];
  const clientId = first === undefined ? null : text(first, 'client_message_id');
  return clientId === null ? null : { type: 'messageRejected', clientId, message };
}

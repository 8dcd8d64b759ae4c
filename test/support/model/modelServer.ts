import type { ConversationRef, OutgoingMessage } from '../../../src/core/lettaConnection.ts';
import type { HistoryMessage, LettaEvent, StampedEvent } from '../../../src/core/lettaEvent.ts';

/** What a turn does, one letter a step: `t` a piece of text, `a` a tool that asks, `r` a tool that does not ask. */
export type Plan = string;

interface Queued {
  readonly itemId: string;
  readonly clientId: string;
  readonly text: string;
}

interface RunningTurn {
  readonly runId: string;
  readonly turnId: string;
  readonly clientIds: readonly string[];
  readonly steps: string[];
  textId: string | null;
  seq: number;
  ask: { readonly requestId: string; readonly callId: string } | null;
}

interface Kept {
  readonly message: HistoryMessage;
  /** Of a stopped turn: gone with the next message (PROTOCOL b.13). */
  isPartial: boolean;
}

export interface Listener {
  receive(ref: ConversationRef, stamped: StampedEvent): void;
  close(): void;
}

export const REPLY = 'word ';

/**
 * A Letta App Server as its protocol pages and recordings describe it, in memory: history, queue, approvals, the ring of
 * the broker, and the ways in which it loses things. It does one step when told.
 */
export class ModelServer {
  readonly #conversations = new Map<string, ModelConversation>();
  readonly #listeners = new Set<Listener>();
  epoch = 1;
  #seq = 0;
  #ids = 0;

  conversation(ref: ConversationRef): ModelConversation {
    const known = this.#conversations.get(ref.conversationId);
    if (known !== undefined) return known;
    const made = new ModelConversation(
      () => String(++this.#ids),
      (event) => this.#emit(ref, event),
    );
    this.#conversations.set(ref.conversationId, made);
    return made;
  }

  get all(): readonly ModelConversation[] {
    return [...this.#conversations.values()];
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One step of every turn that runs. False: nothing moved. */
  step(): boolean {
    return this.all.map((conversation) => conversation.step()).some((moved) => moved);
  }

  /** The process ends and a new one reads what was on disk. */
  crash(losesLastPrompt: boolean): void {
    this.epoch++;
    this.#seq = 0;
    for (const conversation of this.all) conversation.crash(losesLastPrompt);
    for (const listener of [...this.#listeners]) listener.close();
    this.#listeners.clear();
  }

  #emit(ref: ConversationRef, event: LettaEvent): StampedEvent {
    this.#seq++;
    const stamped = { event, at: 0, stamp: { source: `epoch-${String(this.epoch)}`, ordinal: this.#seq } };
    for (const listener of this.#listeners) listener.receive(ref, stamped);
    return stamped;
  }
}

export class ModelConversation {
  readonly #newId: () => string;
  readonly #send: (event: LettaEvent) => StampedEvent;
  #history: Kept[] = [];
  #queue: Queued[] = [];
  #isPaused = false;
  #turn: RunningTurn | null = null;
  #seenIds = new Set<string>();
  /** Frames of the newest turn (the broker's ring). */
  ring: StampedEvent[] = [];
  /** Calls that ran, in order; answers that were taken. */
  readonly executed: string[] = [];
  readonly answered: string[] = [];
  readonly stoppedRuns = new Set<string>();
  /** Calls that began after their turn was stopped. */
  readonly ranAfterStop: string[] = [];

  constructor(newId: () => string, send: (event: LettaEvent) => StampedEvent) {
    this.#newId = newId;
    this.#send = send;
  }

  get history(): readonly HistoryMessage[] {
    return this.#history.map(({ message }) => message);
  }

  get isRunning(): boolean {
    return this.#turn !== null;
  }

  get pendingAsk(): { readonly requestId: string; readonly callId: string } | null {
    return this.#turn?.ask ?? null;
  }

  get queuedIds(): readonly string[] {
    return this.#queue.map(({ clientId }) => clientId);
  }

  /** What a window gets that opens the conversation, before the answer. */
  replay(): readonly LettaEvent[] {
    const ask = this.#turn?.ask ?? null;
    const asked = ask === null ? [] : [this.#askEvent(ask)];
    return [...asked, this.#queueEvent([]), this.#deviceEvent()];
  }

  take({ clientId, texts }: OutgoingMessage): void {
    if (this.#seenIds.has(clientId)) return;
    this.#seenIds.add(clientId);
    const text = texts.at(-1) ?? '';
    if (this.#turn === null && this.#queue.length === 0) {
      this.#begin([{ itemId: '', clientId, text }], false);
      return;
    }
    this.#queue.push({ itemId: `q-${this.#newId()}`, clientId, text });
    this.#isPaused = false;
    this.#emit(this.#queueEvent([]));
    if (this.#turn === null) this.#takeQueue();
  }

  removeQueued(itemId: string): boolean {
    const item = this.#queue.find((one) => one.itemId === itemId);
    if (item === undefined) return false;
    this.#queue = this.#queue.filter((one) => one !== item);
    this.#emit(this.#queueEvent([{ clientId: item.clientId, disposition: 'cancelled' }]));
    return true;
  }

  resumeQueue(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#turn === null) this.#takeQueue();
  }

  stop(): boolean {
    const turn = this.#turn;
    if (turn === null) return false;
    this.stoppedRuns.add(turn.runId);
    if (turn.textId !== null) {
      for (const kept of this.#history) if (idOf(kept.message) === turn.textId) kept.isPartial = true;
    }
    if (turn.ask !== null) this.#returnTool(turn.ask.callId, true);
    this.#isPaused = this.#queue.length > 0;
    if (this.#isPaused) this.#emit(this.#queueEvent([]));
    this.#end(turn, 'cancelled');
    return true;
  }

  answer(requestId: string, decision: 'allow' | 'deny'): boolean {
    const turn = this.#turn;
    if (turn?.ask?.requestId !== requestId) return false;
    const { callId } = turn.ask;
    this.answered.push(requestId);
    turn.ask = null;
    this.#emit(this.#deviceEvent());
    if (decision === 'allow') this.#run(turn, callId);
    else this.#returnTool(callId, true);
    return true;
  }

  step(): boolean {
    const turn = this.#turn;
    if (turn?.ask !== null) return false;
    const step = turn.steps.shift();
    if (step === undefined) this.#end(turn, 'end_turn');
    else if (step === 't') this.#write(turn);
    else this.#call(turn, step === 'a');
    return true;
  }

  crash(losesLastPrompt: boolean): void {
    const turn = this.#turn;
    this.#turn = null;
    this.#queue = [];
    this.#isPaused = false;
    this.#seenIds = new Set();
    this.ring = [];
    if (turn === null) return;
    // The partial reply of a killed process is not on disk; its prompt usually is, and the calls before it.
    const prompt = this.#history.findIndex(
      ({ message }) => message.kind === 'user' && message.clientId === turn.turnId,
    );
    this.#history = losesLastPrompt
      ? this.#history.slice(0, prompt)
      : this.#history.filter(({ message }) => idOf(message) !== turn.textId);
  }

  #takeQueue(): void {
    const items = this.#queue;
    if (items.length === 0 || this.#isPaused) return;
    this.#queue = [];
    const removed = items.map(({ clientId }) => ({ clientId, disposition: 'dequeued' }));
    this.#begin(items, true);
    this.#emit(this.#queueEvent(removed));
  }

  #begin(items: readonly Queued[], isEchoed: boolean): void {
    this.#history = this.#history.filter((kept) => !kept.isPartial);
    const runId = `run-${this.#newId()}`;
    const clientIds = items.map(({ clientId }) => clientId);
    const [plan = ''] = items.at(-1)?.text.split(' ') ?? [];
    const steps = plan.split('');
    this.#turn = { runId, turnId: clientIds[0] ?? '', clientIds, steps, textId: null, seq: 0, ask: null };
    this.ring = [];
    for (const { clientId, text } of items) {
      const id = `u-${this.#newId()}`;
      const message = {
        kind: 'user',
        id,
        clientId,
        text,
        attachments: [],
        origin: 'person',
        at: null,
      } as const;
      this.#history.push({ message, isPartial: false });
      if (!isEchoed) continue;
      this.#emit({ type: 'userMessage', clientId, messageId: id, text, attachments: [], origin: 'person' });
    }
    this.#phase('streaming');
  }

  #write(turn: RunningTurn): void {
    turn.textId ??= `t-${this.#newId()}`;
    const id = turn.textId;
    const index = this.#history.findIndex(({ message }) => idOf(message) === id);
    const known = this.#history[index]?.message;
    const text = known?.kind === 'text' ? known.text : '';
    const message = { kind: 'text', id, text: text + REPLY, at: null } as const;
    if (index < 0) this.#history.push({ message, isPartial: false });
    else this.#history[index] = { message, isPartial: false };
    this.#emit({
      type: 'textDelta',
      partId: id,
      text: REPLY,
      order: { runId: turn.runId, seq: ++turn.seq },
    });
  }

  #call(turn: RunningTurn, isAsked: boolean): void {
    const callId = `call-${this.#newId()}`;
    turn.textId = null;
    const args = `{"command":"echo ${callId}"}`;
    this.#history.push({
      message: { kind: 'toolCall', callId, name: 'Bash', args, at: null },
      isPartial: false,
    });
    this.#emit({
      type: 'toolCalled',
      callId,
      name: 'Bash',
      args,
      isWhole: true,
      order: { runId: turn.runId, seq: ++turn.seq },
    });
    const [asked, allowed] = isAsked ? [[callId], []] : [[], [callId]];
    this.#emit({
      type: 'approvalsClassified',
      askedCallIds: asked,
      allowedCallIds: allowed,
      deniedCallIds: [],
    });
    if (!isAsked) {
      this.#run(turn, callId);
      return;
    }
    turn.ask = { requestId: `perm-${callId}`, callId };
    this.#emit(this.#askEvent(turn.ask));
    this.#emit(this.#deviceEvent());
  }

  #askEvent({ requestId, callId }: { readonly requestId: string; readonly callId: string }): LettaEvent {
    const input = `{"command":"echo ${callId}"}`;
    return { type: 'approvalAsked', requestId, callId, name: 'Bash', input, diffs: [] };
  }

  #run(turn: RunningTurn, callId: string): void {
    this.executed.push(callId);
    if (this.stoppedRuns.has(turn.runId)) this.ranAfterStop.push(callId);
    this.#emit({ type: 'toolStarted', callId, name: 'Bash', args: '' });
    this.#returnTool(callId, false);
  }

  #returnTool(callId: string, isError: boolean): void {
    const output = isError ? 'not run' : `ran ${callId}`;
    this.#history.push({
      message: { kind: 'toolReturn', callId, isError, output, at: null },
      isPartial: false,
    });
    this.#emit({ type: 'toolReturned', callId, isError, output });
  }

  #end(turn: RunningTurn, stopReason: string): void {
    this.#turn = null;
    this.#phase('idle');
    this.#emit({ type: 'turnFinished', stopReason, message: '', reason: null, runId: turn.runId });
    this.#emit(this.#deviceEvent());
    this.#takeQueue();
  }

  #phase(phase: 'streaming' | 'idle'): void {
    const turn = this.#turn;
    this.#emit({
      type: 'phaseChanged',
      phase,
      runIds: turn === null ? [] : [turn.runId],
      executingCallIds: [],
      promptsByRun: turn === null ? [] : [{ runId: turn.runId, clientIds: turn.clientIds }],
    });
  }

  #queueEvent(
    removed: readonly { readonly clientId: string; readonly disposition: string }[],
  ): Extract<LettaEvent, { type: 'queueChanged' }> {
    const isPaused = this.#isPaused;
    return { type: 'queueChanged', items: this.#queue.map((item) => ({ ...item, isPaused })), removed };
  }

  #deviceEvent(): LettaEvent {
    return {
      type: 'deviceChanged',
      mode: 'standard',
      cwd: '/w',
      isProcessing: this.#turn !== null,
      pendingRequestIds: this.pendingAsk === null ? [] : [this.pendingAsk.requestId],
    };
  }

  #emit(event: LettaEvent): void {
    this.ring.push(this.#send(event));
  }
}

/** A call and its result have one id in the transcript, and two in the history. */
export function historyId(message: HistoryMessage): string {
  return message.kind === 'toolReturn' ? `${message.callId}:return` : idOf(message);
}

function idOf(message: HistoryMessage): string {
  return message.kind === 'toolCall' || message.kind === 'toolReturn' ? message.callId : message.id;
}

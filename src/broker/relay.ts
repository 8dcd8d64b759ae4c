import type { BoundedLog } from '../runtimeHost/boundedLog.ts';
import type { RuntimeEvents } from '../runtimeHost/runtimeHost.ts';
import { isRecord, parseObject } from '../shared/json.ts';
import type { BrokerNotice, GaveUpReason, RuntimeName, SeqStamp, WireFrame } from '../shared/wire.ts';
import { Tally } from '../runtimeHost/tally.ts';
import { loopStatus, TurnRings } from './turnRings.ts';

/** More than this unread by a window means that it hangs; it reads history again when it comes back. */
const UNREAD_LIMIT_BYTES = 64 * 1024 * 1024;
const OPEN = 1;

/** What is used of a window's WebSocket. */
export interface WindowSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  terminate(): void;
}

interface Window {
  readonly socket: WindowSocket;
  /** Requests sent to the runtime and not yet answered: the window's own id by the one upstream. */
  readonly inFlight: Map<string, WireFrame>;
  /** The conversations it shows. */
  readonly watched: Set<string>;
}

/** `waiting`: for a person, at an approval. */
type Work = 'none' | 'waiting' | 'running';

/**
 * Passes frames between windows and the one socket to the runtime. It knows who asked (`request_id` is rewritten on the
 * way there and back), who watches which conversation (any frame that names a runtime subscribes to it), and what was
 * posted of each conversation's newest turn, nothing else.
 */
export class Relay implements RuntimeEvents {
  /** False when the runtime cannot take it now. */
  readonly #send: (json: string) => boolean;
  readonly #onWorkChange: () => void;
  readonly #log: Pick<BoundedLog, 'line'>;
  readonly #windows = new Map<number, Window>();
  /** Runtimes that were started in this epoch, each with the request that gave it its mode. */
  readonly #started = new Map<string, string>();
  readonly #work = new Map<string, Work>();
  readonly #rings = new TurnRings();
  readonly #unreadable = new Tally((count) => {
    this.#log.line(`${String(count)} frames of the runtime could not be read`);
    this.#notifyAll({ type: 'unreadable', count });
  });
  /** The last external tools of each runtime, and whose they are: a start without them would take them away. */
  readonly #tools = new Map<string, { readonly windowId: number; readonly tools: unknown }>();
  #toldWorking = '{"type":"working","runtimes":[]}';
  #lastWindowId = 0;
  #epoch = '';
  #seq = 0;

  constructor(send: (json: string) => boolean, onWorkChange: () => void, log: Pick<BoundedLog, 'line'>) {
    this.#send = send;
    this.#onWorkChange = onWorkChange;
    this.#log = log;
  }

  get windowCount(): number {
    return this.#windows.size;
  }

  /** Of all conversations together. */
  get work(): Work {
    const all = new Set(this.#work.values());
    return all.has('running') ? 'running' : all.has('waiting') ? 'waiting' : 'none';
  }

  add(socket: WindowSocket): number {
    const id = ++this.#lastWindowId;
    this.#windows.set(id, { socket, inFlight: new Map(), watched: new Set() });
    this.#onWorkChange();
    return id;
  }

  /** What a window is told when it comes. */
  greet(windowId: number, hello: BrokerNotice): void {
    this.notify(windowId, hello);
    this.notify(windowId, this.#workingNotice());
  }

  /** Nothing is cancelled upstream: the turns of a window that went away go on. */
  remove(windowId: number): void {
    this.#windows.delete(windowId);
    this.#onWorkChange();
  }

  notify(windowId: number, notice: BrokerNotice): void {
    this.#post(windowId, JSON.stringify({ broker: notice }));
  }

  #notifyAll(notice: BrokerNotice): void {
    for (const id of this.#windows.keys()) this.notify(id, notice);
  }

  onUp(epoch: string): void {
    this.#epoch = epoch;
    this.#seq = 0;
    this.#notifyAll({ type: 'runtimeUp', epoch });
  }

  onDown(attempt: number, message: string): void {
    // First, so that a window takes what comes of its requests for lost, and not for refused.
    this.#notifyAll({ type: 'runtimeDown', attempt, message });
    this.#endEpoch(message);
  }

  onGaveUp(reason: GaveUpReason, message: string, log: string): void {
    this.#endEpoch(message);
    this.#notifyAll({ type: 'gaveUp', reason, message, log });
  }

  onUnreadable(): void {
    this.#unreadable.add();
  }

  /** The runtime is gone, and with it all turns: whoever waits for an answer gets one. */
  #endEpoch(message: string): void {
    for (const [id, window] of this.#windows) {
      for (const frame of window.inFlight.values()) this.#refuse(id, frame, message);
      window.inFlight.clear();
      window.watched.clear();
    }
    for (const all of [this.#started, this.#tools, this.#work, this.#rings]) all.clear();
    this.#tellWorking();
    this.#onWorkChange();
  }

  /** `since`: of a conversation that is started, the window has all up to there. */
  fromWindow(windowId: number, received: WireFrame, since?: SeqStamp): void {
    const window = this.#windows.get(windowId);
    if (window === undefined) return;
    const key = targetOf(received);
    if (key !== null) {
      // In the same tick as the watch begins: neither a hole nor a frame twice lies between them.
      if (received['type'] === 'runtime_start') this.#catchUp(windowId, key, since);
      window.watched.add(key);
    }
    const id = received['request_id'];
    // The id of an answer to an external tool call is the runtime's own.
    if (typeof id !== 'string' || received['type'] === 'external_tool_call_response') {
      this.#send(JSON.stringify(received));
      return;
    }
    const upstreamId = `w${String(windowId)}:${id}`;
    const isStart = received['type'] === 'runtime_start' && key !== null;
    const frame = isStart ? this.#gentleStart(received, key, windowId) : received;
    if (!this.#send(JSON.stringify({ ...frame, request_id: upstreamId }))) {
      this.#refuse(windowId, received, 'Letta is starting.');
      return;
    }
    window.inFlight.set(upstreamId, received);
    if (isStart && !this.#started.has(key)) this.#started.set(key, upstreamId);
  }

  onFrame(json: string): void {
    const frame = parseObject(json);
    if (frame === null) {
      this.onUnreadable();
      return;
    }
    this.#seq++;
    const id = frame['request_id'];
    const asker = typeof id === 'string' ? /^w(\d+):(.*)$/s.exec(id) : null;
    if (asker !== null && typeof id === 'string') {
      this.#answer(Number(asker[1]), id, { ...frame, request_id: asker[2] });
      return;
    }
    if (frame['type'] === 'external_tool_call_request') {
      this.#callTool(frame, json);
      return;
    }
    const key = keyOf(frame['runtime']);
    const message = this.#numbered(json);
    if (key !== null) {
      this.#noteWork(key, frame);
      this.#rings.keep(key, frame, this.#seq, message);
    }
    for (const [windowId, window] of this.#windows)
      if (key === null || this.#concerns(window, key)) this.#post(windowId, message);
  }

  /** Also for a window that watches already: what shows the conversation there may be new. It knows what it has by number. */
  #catchUp(windowId: number, key: string, since: SeqStamp | undefined): void {
    const from = since?.epoch === this.#epoch ? since.seq : 0;
    for (const message of this.#rings.messages(key, from)) this.#post(windowId, message);
  }

  /** A conversation is started once with its mode and directory; a further start watches and leaves both alone. */
  #gentleStart(frame: WireFrame, key: string, windowId: number): WireFrame {
    const known = this.#tools.get(key);
    const rest: Record<string, unknown> = { ...frame };
    if (this.#started.has(key)) {
      delete rest['mode'];
      delete rest['cwd'];
    }
    if (frame['external_tools'] !== undefined) {
      this.#tools.set(key, { windowId, tools: frame['external_tools'] });
    } else if (known !== undefined && known.windowId !== windowId && this.#windows.has(known.windowId)) {
      rest['external_tools'] = known.tools;
    } else this.#tools.delete(key);
    return rest;
  }

  #answer(windowId: number, upstreamId: string, frame: WireFrame): void {
    const window = this.#windows.get(windowId);
    const key = keyOf(frame['runtime']);
    // The next start has to say the mode again: what is started without one asks nobody before it runs a tool.
    for (const [started, by] of this.#started)
      if (by === upstreamId && frame['success'] === false) this.#started.delete(started);
    if (frame['type'] === 'runtime_start_response' && key !== null) {
      if (!this.#started.has(key)) this.#started.set(key, upstreamId);
      window?.watched.add(key);
      const tools = window?.inFlight.get(upstreamId)?.['external_tools'];
      if (tools !== undefined) this.#tools.set(key, { windowId, tools });
    }
    window?.inFlight.delete(upstreamId);
    // Another window chose its mode and folder: this one takes them as they are.
    const isWatching = key !== null && this.#started.has(key) && this.#started.get(key) !== upstreamId;
    const isStart = frame['type'] === 'runtime_start_response';
    this.#postFrame(windowId, JSON.stringify(isStart && isWatching ? { ...frame, watching: true } : frame));
  }

  #callTool(frame: WireFrame, json: string): void {
    const owner = this.#tools.get(keyOf(frame['runtime']) ?? '')?.windowId;
    if (owner !== undefined && this.#windows.has(owner)) {
      this.#postFrame(owner, json);
      return;
    }
    const error = 'The window that offered this tool was closed.';
    const response = { type: 'external_tool_call_response', request_id: frame['request_id'], error };
    this.#send(JSON.stringify(response));
  }

  /** Events of a conversation that is only now being made come before the answer that names it. */
  #concerns({ watched, inFlight }: Window, key: string): boolean {
    if (watched.has(key) || this.#started.has(key)) return watched.has(key);
    return [...inFlight.values()].some((frame) => frame['type'] === 'runtime_start');
  }

  #noteWork(key: string, frame: WireFrame): void {
    const status = loopStatus(frame);
    if (status === null) return;
    const before = this.work;
    const isWaiting = status === 'WAITING_ON_APPROVAL';
    this.#work.set(key, status === 'WAITING_ON_INPUT' ? 'none' : isWaiting ? 'waiting' : 'running');
    if (this.work !== before) this.#onWorkChange();
    this.#tellWorking();
  }

  /** All windows, when it is no longer what they were told. */
  #tellWorking(): void {
    const notice = this.#workingNotice();
    if (JSON.stringify(notice) === this.#toldWorking) return;
    this.#toldWorking = JSON.stringify(notice);
    this.#notifyAll(notice);
  }

  #workingNotice(): BrokerNotice {
    const keys = [...this.#work.keys()].filter((key) => this.#work.get(key) !== 'none');
    return { type: 'working', runtimes: keys.sort().map(nameOf) };
  }

  /** An answer in the runtime's name, so that nobody waits for a time limit. */
  #refuse(windowId: number, frame: WireFrame, error: string): void {
    const isInput = frame['type'] === 'input';
    const type = isInput ? 'input_accepted' : `${String(frame['type'])}_response`;
    const refusal = { type, request_id: frame['request_id'], success: false, error };
    this.#seq++;
    this.#postFrame(windowId, JSON.stringify(isInput ? { ...refusal, accepted: false } : refusal));
  }

  #postFrame(windowId: number, json: string): void {
    this.#post(windowId, this.#numbered(json));
  }

  #numbered(json: string): string {
    return `{"epoch":"${this.#epoch}","seq":${String(this.#seq)},"at":${String(Date.now())},"frame":${json}}`;
  }

  #post(windowId: number, text: string): void {
    const socket = this.#windows.get(windowId)?.socket;
    if (socket?.readyState !== OPEN) return;
    if (socket.bufferedAmount > UNREAD_LIMIT_BYTES) socket.terminate();
    else socket.send(text);
  }
}

function keyOf(runtime: unknown): string | null {
  if (!isRecord(runtime) || typeof runtime['conversation_id'] !== 'string') return null;
  return JSON.stringify([runtime['agent_id'] ?? null, runtime['conversation_id']]);
}

function nameOf(key: string): RuntimeName {
  // Made by keyOf.
  const [agentId, conversationId] = JSON.parse(key) as [string | null, string];
  return { agent_id: agentId ?? '', conversation_id: conversationId };
}

/** The runtime that a window's frame is about: named as such, or by a start of an existing conversation. */
function targetOf(frame: WireFrame): string | null {
  return keyOf(frame['type'] === 'runtime_start' ? frame : frame['runtime']);
}

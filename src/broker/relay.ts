import { loopStatus, TurnRings } from './turnRings.ts';
import { isRecord, parseObject, type BrokerNotice, type SeqStamp, type WireFrame } from './wire.ts';

/** More than this unread by a window means that it hangs; it reads history again when it comes back. */
const UNREAD_LIMIT_BYTES = 64 * 1024 * 1024;
/** States in which a turn needs nobody to go on. A turn that waits for an approval does not keep the broker alive. */
const AT_REST = new Set(['WAITING_ON_INPUT', 'WAITING_ON_APPROVAL']);

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
}

export interface Upstream {
  /** False when the runtime cannot take it now. */
  send(json: string): boolean;
}

/**
 * Passes frames between windows and the one socket to the runtime. It knows who asked (`request_id` is rewritten on the
 * way there and back), who watches which conversation (any frame that names a runtime subscribes to it), and what was
 * posted of each conversation's newest turn, nothing else.
 */
export class Relay {
  readonly #upstream: Upstream;
  readonly #onIdleChange: () => void;
  readonly #windows = new Map<number, Window>();
  /** Windows by the runtime they watch. */
  readonly #watchers = new Map<string, Set<number>>();
  /** Runtimes that were started in this epoch. */
  readonly #started = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #rings = new TurnRings();
  /** The last external tools of each runtime, and whose they are: a start without them would take them away. */
  readonly #tools = new Map<string, { readonly windowId: number; readonly tools: unknown }>();
  #lastWindowId = 0;
  #epoch = '';
  #seq = 0;

  constructor(upstream: Upstream, onIdleChange: () => void) {
    this.#upstream = upstream;
    this.#onIdleChange = onIdleChange;
  }

  get windowCount(): number {
    return this.#windows.size;
  }

  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  add(socket: WindowSocket): number {
    const id = ++this.#lastWindowId;
    this.#windows.set(id, { socket, inFlight: new Map() });
    this.#onIdleChange();
    return id;
  }

  /** Nothing is cancelled upstream: the turns of a window that went away go on. */
  remove(windowId: number): void {
    this.#windows.delete(windowId);
    for (const watchers of this.#watchers.values()) watchers.delete(windowId);
    this.#onIdleChange();
  }

  notify(windowId: number, notice: BrokerNotice): void {
    this.#post(windowId, JSON.stringify({ broker: notice }));
  }

  notifyAll(notice: BrokerNotice): void {
    for (const id of this.#windows.keys()) this.notify(id, notice);
  }

  beginEpoch(epoch: string): void {
    this.#epoch = epoch;
    this.#seq = 0;
  }

  /** The runtime is gone, and with it all turns: whoever waits for an answer gets one. */
  endEpoch(message: string): void {
    for (const [id, window] of this.#windows) {
      for (const frame of window.inFlight.values()) this.#refuse(id, frame, message);
      window.inFlight.clear();
    }
    this.#watchers.clear();
    this.#started.clear();
    this.#tools.clear();
    this.#busy.clear();
    this.#rings.clear();
    this.#onIdleChange();
  }

  /** `since`: of a conversation that is started, the window has all up to there. */
  fromWindow(windowId: number, received: WireFrame, since?: SeqStamp): void {
    const window = this.#windows.get(windowId);
    if (window === undefined) return;
    const key = targetOf(received);
    if (key !== null) {
      // In the same tick as the watch begins: neither a hole nor a frame twice lies between them.
      if (received['type'] === 'runtime_start') this.#catchUp(windowId, key, since);
      this.#watch(key, windowId);
    }
    const frame =
      received['type'] === 'runtime_start' ? this.#gentleStart(received, key, windowId) : received;
    const id = frame['request_id'];
    // The id of an answer to an external tool call is the runtime's own.
    const isRequest = typeof id === 'string' && frame['type'] !== 'external_tool_call_response';
    const upstreamId = isRequest ? `w${String(windowId)}:${id}` : null;
    const sent = upstreamId === null ? frame : { ...frame, request_id: upstreamId };
    if (!this.#upstream.send(JSON.stringify(sent))) {
      if (isRequest) this.#refuse(windowId, frame, 'Letta on this computer is starting.');
      return;
    }
    if (upstreamId !== null) window.inFlight.set(upstreamId, received);
  }

  fromRuntime(json: string): void {
    const frame = parseObject(json);
    if (frame === null) return;
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
      this.#noteBusy(key, frame);
      this.#rings.keep(key, frame, this.#seq, message);
    }
    for (const windowId of this.#audience(key)) this.#post(windowId, message);
  }

  /** Also for a window that watches already: what shows the conversation there may be new. It knows what it has by number. */
  #catchUp(windowId: number, key: string, since: SeqStamp | undefined): void {
    const from = since?.epoch === this.#epoch ? since.seq : 0;
    for (const message of this.#rings.messages(key, from)) this.#post(windowId, message);
  }

  /** A conversation is started once with its mode and directory; a further start watches and leaves both alone. */
  #gentleStart(frame: WireFrame, key: string | null, windowId: number): WireFrame {
    if (key === null) return frame;
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
    if (frame['type'] === 'runtime_start_response' && key !== null) {
      this.#started.add(key);
      this.#watch(key, windowId);
      const tools = window?.inFlight.get(upstreamId)?.['external_tools'];
      if (tools !== undefined) this.#tools.set(key, { windowId, tools });
    }
    window?.inFlight.delete(upstreamId);
    this.#postFrame(windowId, JSON.stringify(frame));
  }

  #callTool(frame: WireFrame, json: string): void {
    const owner = this.#tools.get(keyOf(frame['runtime']) ?? '')?.windowId;
    if (owner !== undefined && this.#windows.has(owner)) {
      this.#postFrame(owner, json);
      return;
    }
    const error = 'The window that offered this tool was closed.';
    const response = { type: 'external_tool_call_response', request_id: frame['request_id'], error };
    this.#upstream.send(JSON.stringify(response));
  }

  /** Events of a conversation that is only now being made come before the answer that names it. */
  #audience(key: string | null): Iterable<number> {
    if (key === null) return this.#windows.keys();
    const watchers = this.#watchers.get(key);
    if (watchers !== undefined) return watchers;
    const isMaking = ([, window]: readonly [number, Window]): boolean =>
      [...window.inFlight.values()].some((frame) => frame['type'] === 'runtime_start');
    return [...this.#windows].filter(isMaking).map(([id]) => id);
  }

  #watch(key: string, windowId: number): void {
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(windowId));
  }

  #noteBusy(key: string, frame: WireFrame): void {
    const status = loopStatus(frame);
    if (status === null) return;
    const wasBusy = this.isBusy;
    if (AT_REST.has(status)) this.#busy.delete(key);
    else this.#busy.add(key);
    if (wasBusy !== this.isBusy) this.#onIdleChange();
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
    return `{"epoch":${JSON.stringify(this.#epoch)},"seq":${String(this.#seq)},"frame":${json}}`;
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

/** The runtime that a window's frame is about: named as such, or by a start of an existing conversation. */
function targetOf(frame: WireFrame): string | null {
  return keyOf(frame['type'] === 'runtime_start' ? frame : frame['runtime']);
}

import { isRecord } from '../shared/json.ts';
import type { WireFrame } from '../shared/wire.ts';

const LIMIT_BYTES = 2 * 1024 * 1024;
const TOTAL_LIMIT_BYTES = 6 * 1024 * 1024;
/** `runtime_start` sends it anew, and one is larger than a hundred tokens. */
const NOT_KEPT = 'update_device_status';

interface Message {
  readonly seq: number;
  readonly text: string;
}

interface Ring {
  messages: Message[];
  sizeBytes: number;
  /** The turn outgrew its bound: a ring is whole or empty, never one with a hole. */
  isGap: boolean;
  phase: 'announced' | 'running' | 'over';
}

/**
 * What was posted of each conversation's newest turn, word for word: for windows that come in its middle, and after it,
 * because how a turn ended stands nowhere else. A turn's messages are dropped when the next one begins.
 */
export class TurnRings {
  /** The one whose turn began longest ago is the first. */
  readonly #rings = new Map<string, Ring>();
  #totalBytes = 0;

  get sizeBytes(): number {
    return this.#totalBytes;
  }

  keep(key: string, frame: WireFrame, seq: number, text: string): void {
    const ring = this.#ringFor(key, frame);
    if (ring.isGap || frame['type'] === NOT_KEPT) return;
    const sizeBytes = Buffer.byteLength(text);
    ring.messages.push({ seq, text });
    ring.sizeBytes += sizeBytes;
    this.#totalBytes += sizeBytes;
    if (ring.sizeBytes > LIMIT_BYTES) this.#drop(ring);
    for (const oldest of this.#rings.values()) {
      if (this.#totalBytes <= TOTAL_LIMIT_BYTES) break;
      this.#drop(oldest);
    }
  }

  /** In order; `since` leaves out what its window has. */
  messages(key: string, since: number): readonly string[] {
    const messages = this.#rings.get(key)?.messages ?? [];
    return messages.flatMap(({ seq, text }) => (seq > since ? [text] : []));
  }

  clear(): void {
    this.#rings.clear();
    this.#totalBytes = 0;
  }

  /**
   * A turn begins with its status; one out of the queue before that, with the message it is about, which a status "at
   * rest" may follow. It is over with `turn_finished`, or at rest where that does not come; errors may still follow.
   */
  #ringFor(key: string, frame: WireFrame): Ring {
    let ring = this.#rings.get(key) ?? { messages: [], sizeBytes: 0, isGap: false, phase: 'over' };
    const status = loopStatus(frame);
    const isRunning = status !== null && status !== 'WAITING_ON_INPUT';
    if (ring.phase === 'over' && (isRunning || isUserMessage(frame))) {
      this.#drop(ring);
      this.#rings.delete(key);
      ring = { messages: [], sizeBytes: 0, isGap: false, phase: 'announced' };
    }
    if (isRunning) ring.phase = 'running';
    else if (frame['type'] === 'turn_finished' || (status !== null && ring.phase === 'running'))
      ring.phase = 'over';
    this.#rings.set(key, ring);
    return ring;
  }

  #drop(ring: Ring): void {
    this.#totalBytes -= ring.sizeBytes;
    ring.messages = [];
    ring.sizeBytes = 0;
    ring.isGap = true;
  }
}

/** What `update_loop_status` says; null for any other frame. */
export function loopStatus(frame: WireFrame): string | null {
  const status = isRecord(frame['loop_status']) ? frame['loop_status']['status'] : undefined;
  return frame['type'] === 'update_loop_status' && typeof status === 'string' ? status : null;
}

function isUserMessage({ type, delta }: WireFrame): boolean {
  return type === 'stream_delta' && isRecord(delta) && delta['message_type'] === 'user_message';
}

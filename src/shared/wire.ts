import { isRecord, parseObject, type JsonObject } from './json.ts';

/**
 * What windows and the broker say to each other: JSON text frames on a loopback WebSocket with a token. The broker
 * relays frames of the App Server protocol without knowing what they mean to a person.
 */
export const WIRE_VERSION = 1;
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
export const PING_EVERY_MS = 15_000;
/** Three pings without an answer. */
export const SILENCE_LIMIT_MS = 45_000;

/** The broker's exit code when another one holds the lock. */
export const EXIT_LOCK_HELD = 3;

/**
 * Masks protect proxies from what web pages send (RFC 6455, 10.3); between processes of ours they only cost time, byte by
 * byte: 1 s for a large image.
 */
export function noMask(mask: Uint8Array): void {
  mask.fill(0);
}

export type WireFrame = JsonObject;

/** A frame's place in the runtime's life: `epoch` changes with every restart, `seq` grows within it. */
export interface SeqStamp {
  readonly epoch: string;
  readonly seq: number;
}

export type BrokerRequest =
  | { readonly type: 'startDemo' | 'restartRuntime' | 'shutdown' }
  /** End yourself if no other window and no turn needs you: a newer version wants to take your place. */
  | { readonly type: 'handOver' }
  /** Of a broker for a server elsewhere: where that is. The token is kept in memory only. */
  | { readonly type: 'attach'; readonly url: string; readonly token: string };

export type BrokerCommand = BrokerRequest & { readonly id: number };

export type WindowMessage =
  /** `since`, beside a `runtime_start`: what shows the conversation has all of it up to there. */
  { readonly frame: WireFrame; readonly since?: SeqStamp } | { readonly broker: BrokerCommand };

export type RuntimeState = 'starting' | 'up' | 'gaveUp';

/** Why the runtime is not tried again by itself, as far as a window can act on it. */
export type GaveUpReason = 'runtimeGaveUp' | 'unreachable' | 'unauthorised';

export interface RuntimeName {
  readonly agent_id: string;
  readonly conversation_id: string;
}

export type BrokerNotice =
  /** The first message on every connection. */
  | {
      readonly type: 'hello';
      readonly wire: number;
      readonly version: string;
      readonly epoch: string;
      readonly runtime: RuntimeState;
    }
  | { readonly type: 'runtimeUp'; readonly epoch: string }
  | { readonly type: 'runtimeDown'; readonly attempt: number; readonly message: string }
  | {
      readonly type: 'gaveUp';
      readonly reason: GaveUpReason;
      readonly message: string;
      readonly log: string;
    }
  /** So many frames of the runtime, all in all, could not be passed on. */
  | { readonly type: 'unreadable'; readonly count: number }
  /** The conversations in which a turn runs or waits for a person, whichever window shows them; after every change. */
  | { readonly type: 'working'; readonly runtimes: readonly RuntimeName[] }
  | { readonly type: 'reply'; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly ok: false; readonly message: string };

/** `at`: when the broker had it, epoch ms. A window that comes later sees a turn with the times it really had. */
export type BrokerMessage =
  (SeqStamp & { readonly at: number; readonly frame: WireFrame }) | { readonly broker: BrokerNotice };

/** Lies beside the lock as `server.json` (0600) while a broker serves. */
export interface ServerFile {
  readonly port: number;
  readonly pid: number;
  readonly token: string;
  readonly version: string;
}

export function parseWindowMessage(text: string): WindowMessage | null {
  const message = parseObject(text);
  if (message === null) return null;
  const { frame, since, broker } = message;
  if (isRecord(frame)) return isSeqStamp(since) ? { frame, since } : { frame };
  const command = isRecord(broker) ? parseCommand(broker) : null;
  return command === null ? null : { broker: command };
}

function parseCommand({ type, id, url, token }: JsonObject): BrokerCommand | null {
  if (typeof id !== 'number') return null;
  switch (type) {
    case 'startDemo':
    case 'restartRuntime':
    case 'shutdown':
    case 'handOver':
      return { type, id };
    case 'attach':
      return typeof url === 'string' && typeof token === 'string' ? { type, id, url, token } : null;
    default:
      return null;
  }
}

function isSeqStamp(value: unknown): value is SeqStamp {
  return isRecord(value) && typeof value['epoch'] === 'string' && typeof value['seq'] === 'number';
}

export function parseServerFile(text: string): ServerFile | null {
  const file = parseObject(text);
  if (file === null) return null;
  const { port, pid, token, version } = file;
  if (typeof port !== 'number' || typeof pid !== 'number') return null;
  if (typeof token !== 'string' || typeof version !== 'string') return null;
  return { port, pid, token, version };
}

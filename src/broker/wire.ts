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

export type WireFrame = Readonly<Record<string, unknown>>;

/** `handOver`: end yourself if no other window and no turn needs you, a newer version wants to take your place. */
export type BrokerCommandType = 'startDemo' | 'restartRuntime' | 'shutdown' | 'handOver';

export interface BrokerCommand {
  readonly type: BrokerCommandType;
  readonly id: number;
}

/** A frame's place in the runtime's life: `epoch` changes with every restart, `seq` grows within it. */
export interface SeqStamp {
  readonly epoch: string;
  readonly seq: number;
}

export type WindowMessage =
  /** `since`, beside a `runtime_start`: what shows the conversation has all of it up to there. */
  { readonly frame: WireFrame; readonly since?: SeqStamp } | { readonly broker: BrokerCommand };

export type RuntimeState = 'starting' | 'up' | 'gaveUp';

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
  | { readonly type: 'gaveUp'; readonly message: string; readonly log: string }
  | { readonly type: 'reply'; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly ok: false; readonly message: string };

export type BrokerMessage = (SeqStamp & { readonly frame: WireFrame }) | { readonly broker: BrokerNotice };

/** Lies beside the lock as `server.json` (0600) while a broker serves. */
export interface ServerFile {
  readonly port: number;
  readonly pid: number;
  readonly token: string;
  readonly version: string;
}

const COMMANDS: ReadonlySet<string> = new Set<BrokerCommandType>([
  'startDemo',
  'restartRuntime',
  'shutdown',
  'handOver',
]);

export function isRecord(value: unknown): value is WireFrame {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a JSON text holds; null for anything else. */
export function parseObject(text: string): WireFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function parseWindowMessage(text: string): WindowMessage | null {
  const message = parseObject(text);
  if (message === null) return null;
  const { frame, since, broker } = message;
  if (isRecord(frame)) return isSeqStamp(since) ? { frame, since } : { frame };
  if (!isRecord(broker) || typeof broker['id'] !== 'number' || typeof broker['type'] !== 'string')
    return null;
  // Membership in COMMANDS is what the type says.
  return COMMANDS.has(broker['type'])
    ? { broker: { type: broker['type'] as BrokerCommandType, id: broker['id'] } }
    : null;
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

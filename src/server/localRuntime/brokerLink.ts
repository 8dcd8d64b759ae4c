import { WebSocket } from 'ws';
import { Emitter } from '../../core/emitter.ts';
import { LettaError, type ConversationRef } from '../../core/lettaConnection.ts';
import type { Clock, Disposable, Logger } from '../../core/ports.ts';
import { parseDemoModelInfo, type DemoModelInfo } from '../../demo/demoModelInfo.ts';
import { isRecord, parseObject } from '../../shared/json.ts';
import {
  MAX_FRAME_BYTES,
  noMask,
  PING_EVERY_MS,
  type BrokerRequest,
  type RuntimeState,
  type SeqStamp,
  type ServerFile,
} from '../../shared/wire.ts';
import type { Frame, FrameLink, LinkState, ReceivedFrame } from '../appServer/frameLink.ts';

const COMMAND_LIMIT_MS = 30_000;
const LIMITS: LinkLimits = { connectMs: 10_000, pingEveryMs: PING_EVERY_MS, silenceMs: 28_000 };

export interface Hello {
  readonly wire: number;
  readonly version: string;
  readonly runtime: RuntimeState;
}

/** Times of the connection, in milliseconds. */
export interface LinkLimits {
  readonly connectMs: number;
  readonly pingEveryMs: number;
  /** A half-open connection is noticed by the next ping after this. */
  readonly silenceMs: number;
}

export interface BrokerLinkPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: LinkLimits;
}

interface PendingCommand {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: LettaError) => void;
  readonly limit: Disposable;
}

/** One window's connection to the broker. It never comes back once closed: LocalRuntime makes a new one. */
export class BrokerLink implements FrameLink {
  readonly hello: Hello;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: LinkLimits;
  readonly #changedState: Emitter<LinkState>;
  readonly #received: Emitter<ReceivedFrame>;
  readonly #foundUnreadable: Emitter<number>;
  readonly #changedWorking: Emitter<readonly ConversationRef[]>;
  #working: readonly ConversationRef[] = [];
  readonly #commands = new Map<number, PendingCommand>();
  #state: LinkState;
  #lastCommandId = 0;
  #lastHeardAt: number;
  #ping: Disposable;

  private constructor(socket: WebSocket, hello: Hello & { readonly epoch: string }, ports: BrokerLinkPorts) {
    this.hello = hello;
    this.#socket = socket;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#limits = ports.limits ?? LIMITS;
    const onError = (error: unknown): void => {
      this.#logger.error('A listener of the connection to the broker failed', error);
    };
    this.#changedState = new Emitter(onError);
    this.#received = new Emitter(onError);
    this.#foundUnreadable = new Emitter(onError);
    this.#changedWorking = new Emitter(onError);
    this.#state =
      hello.runtime === 'up'
        ? { kind: 'open', epoch: hello.epoch }
        : { kind: 'restarting', attempt: 0, message: 'Letta on this computer is starting.' };
    this.#lastHeardAt = this.#clock.now();
    this.#ping = this.#clock.after(this.#limits.pingEveryMs, () => {
      this.#checkAlive();
    });
  }

  /** Connects and waits for the broker's hello. The runtime may still be starting then. */
  static open(server: ServerFile, ports: BrokerLinkPorts, signal: AbortSignal): Promise<BrokerLink> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${String(server.port)}`, {
        headers: { Authorization: `Bearer ${server.token}` },
        maxPayload: MAX_FRAME_BYTES,
        generateMask: noMask,
        perMessageDeflate: false,
      });
      const fail = (error: LettaError): void => {
        limit.dispose();
        signal.removeEventListener('abort', onAbort);
        socket.terminate();
        reject(error);
      };
      const onAbort = (): void => {
        fail(new LettaError('connectionLost', 'Connecting to Letta was stopped.'));
      };
      const limit = ports.clock.after((ports.limits ?? LIMITS).connectMs, () => {
        fail(new LettaError('timeout', 'Letta on this computer does not answer.'));
      });
      signal.addEventListener('abort', onAbort);
      // Stays for the whole life of the socket: without a listener a reset would end the extension host.
      socket.on('error', (error) => {
        ports.logger.warn(`Connection to the broker: ${error.message}`);
      });
      socket.once('unexpected-response', (_request, response) => {
        const reason = response.statusCode === 401 ? 'unauthorised' : 'protocol';
        fail(new LettaError(reason, `Letta on this computer refused (HTTP ${String(response.statusCode)}).`));
      });
      const onEarlyClose = (): void => {
        fail(new LettaError('unreachable', 'Letta on this computer cannot be reached.'));
      };
      socket.once('close', onEarlyClose);
      socket.once('message', (data: Buffer) => {
        const hello = parseHello(data.toString('utf8'));
        if (hello === null) {
          fail(new LettaError('protocol', 'What answers in the place of Letta is something else.'));
          return;
        }
        limit.dispose();
        signal.removeEventListener('abort', onAbort);
        socket.off('close', onEarlyClose);
        const link = new BrokerLink(socket, hello, ports);
        link.#listen();
        resolve(link);
      });
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  get onDidChangeState(): Emitter<LinkState>['event'] {
    return this.#changedState.event;
  }

  get onDidReceive(): Emitter<ReceivedFrame>['event'] {
    return this.#received.event;
  }

  get working(): readonly ConversationRef[] {
    return this.#working;
  }

  get onDidChangeWorking(): Emitter<readonly ConversationRef[]>['event'] {
    return this.#changedWorking.event;
  }

  /** So many frames in all could not be passed on; told at most once a minute. */
  get onDidFindUnreadable(): Emitter<number>['event'] {
    return this.#foundUnreadable.event;
  }

  send(frame: Frame, since?: SeqStamp): void {
    if (this.#state.kind !== 'open') {
      throw new LettaError('connectionLost', 'Letta on this computer is not connected.');
    }
    this.#socket.send(JSON.stringify({ frame, since }));
  }

  /** Resolves when the runtime can be spoken to; rejects with why it cannot. */
  whenOpen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (state: LinkState): boolean => {
        if (state.kind === 'open') resolve();
        else if (state.kind === 'closed') reject(state.error);
        return state.kind !== 'restarting';
      };
      if (look(this.#state)) return;
      const subscription = this.onDidChangeState((state) => {
        if (look(state)) subscription.dispose();
      });
    });
  }

  /** Starts the scripted demo model where it does not run. */
  async startDemo(): Promise<DemoModelInfo> {
    const info = parseDemoModelInfo(await this.command({ type: 'startDemo' }));
    if (info === null) throw new LettaError('protocol', 'The demo model did not say where it is.');
    return info;
  }

  /** Ends the runtime with all its turns and starts it again; resolves when it runs. */
  async restartRuntime(): Promise<void> {
    await this.command({ type: 'restartRuntime' });
    await this.whenOpen();
  }

  /** Ends broker and runtime for all windows. */
  async shutdown(): Promise<void> {
    await this.command({ type: 'shutdown' });
  }

  async command(request: BrokerRequest): Promise<unknown> {
    if (this.#state.kind === 'closed') throw this.#state.error;
    const id = ++this.#lastCommandId;
    return new Promise((resolve, reject) => {
      const limit = this.#clock.after(COMMAND_LIMIT_MS, () => {
        this.#commands.delete(id);
        reject(new LettaError('timeout', 'Letta on this computer does not answer.'));
      });
      this.#commands.set(id, { resolve, reject, limit });
      this.#socket.send(JSON.stringify({ broker: { ...request, id } }));
    });
  }

  dispose(): void {
    this.#close(new LettaError('connectionLost', 'This window let go of Letta.'));
    this.#changedState.dispose();
    this.#received.dispose();
    this.#foundUnreadable.dispose();
    this.#changedWorking.dispose();
  }

  #listen(): void {
    const heard = (): void => {
      this.#lastHeardAt = this.#clock.now();
    };
    this.#socket.on('pong', heard).on('ping', heard);
    this.#socket.on('close', () => {
      this.#close(new LettaError('connectionLost', 'The connection to Letta on this computer was lost.'));
    });
    this.#socket.on('message', (data: Buffer) => {
      heard();
      this.#onMessage(data.toString('utf8'));
    });
  }

  #onMessage(text: string): void {
    const message = parseObject(text);
    if (message === null) {
      this.#close(
        new LettaError('protocol', 'Letta on this computer sent something that is not understood.'),
      );
      return;
    }
    const { epoch, seq, at, frame, broker } = message;
    if (isRecord(broker)) this.#onNotice(broker);
    else if (isRecord(frame) && typeof epoch === 'string' && typeof seq === 'number') {
      this.#received.fire({ frame, epoch, seq, at: typeof at === 'number' ? at : this.#clock.now() });
    } else this.#logger.warn('The broker sent a message of an unknown kind');
  }

  #onNotice(notice: Frame): void {
    const message = typeof notice['message'] === 'string' ? notice['message'] : '';
    switch (notice['type']) {
      case 'runtimeUp':
        this.#setState({ kind: 'open', epoch: String(notice['epoch']) });
        return;
      case 'runtimeDown':
        this.#setState({ kind: 'restarting', attempt: Number(notice['attempt']), message });
        return;
      case 'gaveUp':
        this.#close(gaveUpError(notice['reason'], message, String(notice['log'])));
        return;
      case 'working':
        this.#working = Array.isArray(notice['runtimes']) ? notice['runtimes'].flatMap(refOf) : [];
        this.#changedWorking.fire(this.#working);
        return;
      case 'unreadable':
        this.#foundUnreadable.fire(Number(notice['count']));
        return;
      case 'reply': {
        const pending = this.#commands.get(Number(notice['id']));
        if (pending === undefined) return;
        this.#commands.delete(Number(notice['id']));
        pending.limit.dispose();
        if (notice['ok'] === true) pending.resolve(notice['value']);
        else pending.reject(new LettaError('refused', message));
        return;
      }
      default:
        this.#logger.warn(`The broker sent an unknown notice: ${String(notice['type'])}`);
    }
  }

  #checkAlive(): void {
    if (this.#clock.now() - this.#lastHeardAt > this.#limits.silenceMs) {
      this.#close(new LettaError('connectionLost', 'Letta on this computer went silent.'));
      return;
    }
    this.#socket.ping();
    this.#ping = this.#clock.after(this.#limits.pingEveryMs, () => {
      this.#checkAlive();
    });
  }

  #setState(state: LinkState): void {
    if (this.#state.kind === 'closed') return;
    this.#state = state;
    this.#logger.info(`Letta on this computer: ${state.kind}`);
    this.#changedState.fire(state);
  }

  #close(error: LettaError): void {
    if (this.#state.kind === 'closed') return;
    this.#ping.dispose();
    this.#setState({ kind: 'closed', error });
    for (const pending of this.#commands.values()) {
      pending.limit.dispose();
      pending.reject(error);
    }
    this.#commands.clear();
    this.#socket.terminate();
  }
}

function gaveUpError(reason: unknown, message: string, log: string): LettaError {
  if (reason === 'unauthorised' || reason === 'unreachable') return new LettaError(reason, message);
  return new LettaError('runtimeGaveUp', `${message} Its log: ${log}`);
}

function parseHello(text: string): (Hello & { readonly epoch: string }) | null {
  const hello = parseObject(text)?.['broker'];
  if (!isRecord(hello) || hello['type'] !== 'hello') return null;
  const { wire, version, epoch, runtime } = hello;
  if (typeof wire !== 'number' || typeof version !== 'string' || typeof epoch !== 'string') return null;
  if (runtime !== 'starting' && runtime !== 'up' && runtime !== 'gaveUp') return null;
  return { wire, version, epoch, runtime };
}

function refOf(runtime: unknown): readonly ConversationRef[] {
  if (!isRecord(runtime)) return [];
  const { agent_id: agentId, conversation_id: conversationId } = runtime;
  return typeof agentId === 'string' && typeof conversationId === 'string'
    ? [{ agentId, conversationId }]
    : [];
}

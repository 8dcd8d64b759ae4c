import { signal, type ReadonlySignal } from '@preact/signals';
import { PatchMismatchError } from '../src/shared/patch.ts';
import {
  PROTOCOL_VERSION,
  type Draft,
  type HostEvent,
  type HostMessage,
  type RequestBody,
  type WebviewMessage,
} from '../src/shared/protocol.ts';

interface VsCodeApi {
  postMessage(message: WebviewMessage): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

type Snapshot = Extract<HostEvent, { type: 'snapshot' }>;
type Update = Extract<HostEvent, { type: 'update' }>;

/** What the host says, in order and without gaps. */
export interface HostListener {
  snapshot(event: Snapshot): void;
  /** @throws {PatchMismatchError} */
  update(event: Update): void;
  draft(draft: Draft): void;
  focus(): void;
  announce(text: string, isUrgent: boolean): void;
  /** The page is about to be hidden or thrown away: what is kept has to be written now. */
  leave(): void;
}

interface OpenRequest {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const TICK_MS = 1000;

/** The only place of the webview that speaks to VS Code, waits for time or listens to the window. */
export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #now = signal(Date.now());
  /** The host's clock minus ours. Every message is stamped before it travels, so the largest value is the best one. */
  #clockOffsetMs: number | null = null;
  #listener: HostListener | null = null;
  #lastSeq: number | null = null;
  readonly #requests = new Map<number, OpenRequest>();
  #nextRequestId = 1;
  #ticker: number | null = null;
  readonly #painted = new MessageChannel();
  #unacknowledged: number | null = null;

  constructor() {
    this.#painted.port1.onmessage = () => {
      this.#acknowledge();
    };
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      // VS Code's messages arrive with the window's own origin; another frame's do not.
      if (event.origin !== window.origin) return;
      const message = hostMessage(event.data);
      if (message !== null) this.#receive(message);
    });
    window.addEventListener('focus', () => {
      this.post({ type: 'focusChanged', isFocused: true });
    });
    window.addEventListener('blur', () => {
      this.post({ type: 'focusChanged', isFocused: false });
      this.#listener?.leave();
    });
    window.addEventListener('pagehide', () => this.#listener?.leave());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) return;
      // A hidden page gets no animation frame any more.
      if (this.#unacknowledged !== null) this.#painted.port2.postMessage(null);
      this.#listener?.leave();
    });
    window.addEventListener('error', (event) => {
      this.report(event.error);
    });
    window.addEventListener('unhandledrejection', (event) => {
      this.report(event.reason);
    });
  }

  /** The host's time, epoch ms. Moves each second while `setTicking(true)`, and with every message. */
  get now(): ReadonlySignal<number> {
    return this.#now;
  }

  /** Says `ready`; the host answers with a snapshot. */
  start(listener: HostListener, draft: Draft | null): void {
    this.#listener = listener;
    this.post({ type: 'ready', version: PROTOCOL_VERSION, draft });
    if (document.hasFocus()) this.post({ type: 'focusChanged', isFocused: true });
  }

  post(message: WebviewMessage): void {
    this.#api.postMessage(message);
  }

  /** Rejects with the host's words. */
  request(body: RequestBody): Promise<unknown> {
    const requestId = this.#nextRequestId++;
    return new Promise((resolve, reject) => {
      this.#requests.set(requestId, { resolve, reject });
      this.post({ type: 'request', requestId, body });
    });
  }

  readState(): unknown {
    return this.#api.getState();
  }

  writeState(state: unknown): void {
    this.#api.setState(state);
  }

  /** Runs `action` once after `delayMs`; the returned function takes that back. */
  later(delayMs: number, action: () => void): () => void {
    const timer = window.setTimeout(action, delayMs);
    return () => {
      window.clearTimeout(timer);
    };
  }

  /** Seconds run only while something that counts them is shown: an idle panel has no timer. */
  setTicking(isTicking: boolean): void {
    if (isTicking === (this.#ticker !== null)) return;
    if (this.#ticker === null) {
      this.#tick();
      this.#ticker = window.setInterval(() => {
        this.#tick();
      }, TICK_MS);
    } else {
      window.clearInterval(this.#ticker);
      this.#ticker = null;
    }
  }

  /** Kinds and places of failures, never the person's or the model's text. */
  report(error: unknown): void {
    const text =
      error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : typeof error;
    this.post({ type: 'webviewError', message: text.slice(0, 2000) });
  }

  #tick(): void {
    this.#now.value = Date.now() + (this.#clockOffsetMs ?? 0);
  }

  #receive(message: HostMessage): void {
    switch (message.type) {
      case 'snapshot':
        this.#clockOffsetMs = null;
        this.#setClock(message.now);
        this.#lastSeq = message.seq;
        this.#listener?.snapshot(message);
        this.#acknowledgeAfterPaint(message.seq);
        return;
      case 'update':
        this.#update(message);
        return;
      case 'draft':
        this.#listener?.draft(message.draft);
        return;
      case 'focus':
        this.#listener?.focus();
        return;
      case 'announce':
        this.#listener?.announce(message.text, message.isUrgent);
        return;
      case 'reply':
        this.#reply(message);
        return;
    }
  }

  #update(message: Update): void {
    // Out of step: all is ignored until the snapshot that was asked for.
    if (this.#lastSeq === null || message.seq <= this.#lastSeq) return;
    if (message.seq !== this.#lastSeq + 1) {
      this.#resync();
      return;
    }
    this.#setClock(message.now);
    try {
      this.#listener?.update(message);
    } catch (error) {
      if (!(error instanceof PatchMismatchError)) throw error;
      this.#resync();
      return;
    }
    this.#lastSeq = message.seq;
    this.#acknowledgeAfterPaint(message.seq);
  }

  #resync(): void {
    this.#lastSeq = null;
    this.post({ type: 'resync' });
  }

  #reply(message: Extract<HostMessage, { type: 'reply' }>): void {
    const request = this.#requests.get(message.requestId);
    this.#requests.delete(message.requestId);
    if (message.ok) request?.resolve(message.value);
    else request?.reject(new Error(message.message));
  }

  #setClock(hostNow: number): void {
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs ?? Number.NEGATIVE_INFINITY, hostNow - Date.now());
    this.#tick();
  }

  /** A frame callback runs before the paint, the message that it posts after it. */
  #acknowledgeAfterPaint(seq: number): void {
    const isUnderWay = this.#unacknowledged !== null;
    this.#unacknowledged = seq;
    if (isUnderWay) return;
    if (document.hidden) this.#painted.port2.postMessage(null);
    else
      requestAnimationFrame(() => {
        this.#painted.port2.postMessage(null);
      });
  }

  #acknowledge(): void {
    const seq = this.#unacknowledged;
    this.#unacknowledged = null;
    if (seq !== null) this.post({ type: 'ack', seq });
  }
}

const KNOWN = new Set(['snapshot', 'update', 'draft', 'focus', 'announce', 'reply']);

/** The shape is checked where a wrong one would break the panel; the rest is the host's own, typed code. */
function hostMessage(value: unknown): HostMessage | null {
  if (!isObject(value) || typeof value['type'] !== 'string' || !KNOWN.has(value['type'])) return null;
  const { type } = value;
  if (type === 'snapshot') {
    const state = value['state'];
    // A page of another version of the extension: it goes on asking until VS Code loads the new one.
    if (value['version'] !== PROTOCOL_VERSION) return null;
    if (!Number.isSafeInteger(value['seq']) || !isObject(state) || !isObject(value['strings'])) return null;
    if (!isObject(state['transcript']) || !Array.isArray(state['transcript']['turns'])) return null;
  }
  if (type === 'update') {
    if (!Number.isSafeInteger(value['seq']) || !Array.isArray(value['patches']) || !isObject(value['fields']))
      return null;
  }
  if ((type === 'draft' || type === 'snapshot') && !isObject(value['draft'])) return null;
  return value as HostMessage; // `type` is one of ours, and what is walked below was checked
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

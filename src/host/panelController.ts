import type * as vscode from 'vscode';
import { Publisher } from '../core/publisher.ts';
import { Emitter } from '../core/emitter.ts';
import type { Clock, Disposable, Logger } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { Sessions } from '../core/sessions.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import { ViewWindow } from '../core/viewWindow.ts';
import { PROTOCOL_VERSION } from '../shared/protocol.ts';
import type { Draft, HostMessage, WebviewMessage, WebviewRequest } from '../shared/protocol.ts';
import type { PanelStrings } from '../shared/strings.ts';
import type { Turn } from '../shared/transcript.ts';
import type { DraftStore } from './draftStore.ts';
import { parseWebviewMessage } from './webviewSchemas.ts';

export interface PanelServices {
  readonly sessions: Sessions;
  readonly drafts: DraftStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly strings: PanelStrings;
}

/** What the panel cannot answer by itself: carried out by the router, with VS Code. */
export type PanelIntentHandler = (controller: PanelController, message: WebviewMessage) => void;
export type PanelRequestHandler = (
  controller: PanelController,
  body: WebviewRequest['body'],
) => Promise<unknown>;

/** One webview and the session it shows. The webview may be reloaded, hidden or made anew at any moment. */
export class PanelController implements Disposable {
  readonly #services: PanelServices;
  readonly #onIntent: PanelIntentHandler;
  readonly #onRequest: PanelRequestHandler;
  readonly #publisher: Publisher;
  readonly #window = new ViewWindow();
  readonly #changed: Emitter<void>;
  #webview: vscode.Webview | null = null;
  #webviewSubscription: Disposable | null = null;
  #session: Session;
  #sessionSubscriptions: Disposable[] = [];
  #isFocused = false;
  #isReady = false;
  #whenReady: (() => void)[] = [];

  constructor(
    services: PanelServices,
    target: SessionTarget,
    onIntent: PanelIntentHandler,
    onRequest: PanelRequestHandler,
  ) {
    this.#services = services;
    this.#onIntent = onIntent;
    this.#onRequest = onRequest;
    this.#changed = new Emitter((error) => {
      services.logger.error('A listener of a chat failed', error);
    });
    this.#publisher = new Publisher(services.clock, {
      update: (seq, patches, fields) => {
        this.#post({ type: 'update', seq, now: services.clock.now(), patches, fields });
      },
      snapshot: (seq) => {
        this.#postSnapshot(seq);
      },
    });
    this.#session = services.sessions.acquire(target);
    this.#follow();
  }

  /** The session shown, or something of it, changed. */
  get onDidChange() {
    return this.#changed.event;
  }

  get session(): Session {
    return this.#session;
  }

  get isFocused(): boolean {
    return this.#isFocused;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Called for every new webview of the view: VS Code makes a new one when the view moves. */
  attach(webview: vscode.Webview): void {
    this.detach();
    this.#webview = webview;
    this.#webviewSubscription = webview.onDidReceiveMessage((value: unknown) => {
      const message = parseWebviewMessage(value);
      if (message === null)
        this.#services.logger.warn('A message of the panel was not understood and is ignored');
      else this.#receive(message);
    });
  }

  detach(): void {
    this.sleep();
    this.#webviewSubscription?.dispose();
    this.#webviewSubscription = null;
    this.#webview = null;
  }

  /** Hidden: its page is gone until the next `ready`; nothing is posted to it. */
  sleep(): void {
    this.#isReady = false;
    this.#isFocused = false;
    this.#publisher.pause();
  }

  /** Shows another conversation. */
  show(target: SessionTarget): Session {
    const previous = this.#session;
    for (const subscription of this.#sessionSubscriptions) subscription.dispose();
    this.#session = this.#services.sessions.acquire(target);
    this.#follow();
    this.#services.sessions.release(previous);
    if (this.#isReady) this.#publisher.restart();
    this.#changed.fire();
    void this.#session.open();
    return this.#session;
  }

  /** Puts text into the composer behind what stands there: a draft is never overwritten. */
  addToDraft(text: string): void {
    const { drafts } = this.#services;
    const known = drafts.get(this.#session.key).text;
    const joined = known.trim() === '' ? text : `${known.trimEnd()}\n${text}`;
    this.#post({ type: 'draft', draft: drafts.set(this.#session.key, joined) });
  }

  focusComposer(): void {
    this.whenReady(() => {
      this.#post({ type: 'focus' });
    });
  }

  announce(text: string, isUrgent: boolean): void {
    this.#post({ type: 'announce', text, isUrgent });
  }

  /** Runs now or at the next `ready`. */
  whenReady(action: () => void): void {
    if (this.#isReady) action();
    else this.#whenReady.push(action);
  }

  /** Older turns that the host already holds. */
  showOlderFromMemory(): boolean {
    const patch = this.#window.older(this.#session.state.transcript);
    if (patch !== null) this.#publisher.publish([patch], {});
    return patch !== null;
  }

  dispose(): void {
    this.detach();
    this.#publisher.dispose();
    for (const subscription of this.#sessionSubscriptions) subscription.dispose();
    this.#services.sessions.release(this.#session);
    this.#changed.dispose();
  }

  #follow(): void {
    const session = this.#session;
    const { drafts } = this.#services;
    this.#sessionSubscriptions = [
      session.onDidChange(({ patches, fields }) => {
        this.#publisher.publish(this.#window.filter(patches, session.state.transcript), fields);
        this.#changed.fire();
      }),
      session.onDidRetarget(({ from, to }) => {
        if (from !== to) drafts.move(from, to);
        this.#changed.fire();
      }),
      session.onDidReturnText((text) => {
        if (drafts.get(session.key).text.trim() === '') this.addToDraft(text);
      }),
      session.onDidEndTurn((turn) => {
        this.announce(endText(turn, this.#services.strings), false);
      }),
    ];
  }

  #receive(message: WebviewMessage): void {
    switch (message.type) {
      case 'ready':
        if (message.version !== PROTOCOL_VERSION) {
          this.#services.logger.error(
            `The panel speaks version ${String(message.version)}; it has to be reloaded`,
          );
          return;
        }
        if (message.draft !== null) this.#keepDraft(message.draft);
        this.#isReady = true;
        this.#publisher.restart();
        for (const action of this.#whenReady.splice(0)) action();
        return;
      case 'resync':
        this.#publisher.restart();
        return;
      case 'ack':
        this.#publisher.acknowledge(message.seq);
        return;
      case 'focusChanged':
        this.#isFocused = message.isFocused;
        this.#onIntent(this, message);
        return;
      case 'draftChanged':
        this.#keepDraft(message.draft);
        return;
      case 'webviewError':
        this.#services.logger.error(`The panel failed to show something: ${message.message}`);
        return;
      case 'request':
        void this.#answer(message);
        return;
      case 'submit':
        this.#submit(message.key, message.clientId, message.text);
        return;
      case 'stop':
        this.#session.stop();
        return;
      case 'answerApproval':
        this.#session.answerApproval(
          message.toolCallId,
          message.requestId,
          message.digest,
          message.decision,
          message.reason,
        );
        return;
      case 'removeAttachment':
        this.#session.composer.detach(message.id);
        return;
      case 'openAttachment':
      case 'addAttachment':
      case 'openFile':
      case 'openLink':
      case 'openToolOutput':
      case 'saveFile':
      case 'queueItem':
      case 'notice':
      case 'dismissNotice':
      case 'choose':
      case 'pick':
      case 'copy':
      case 'insertAtCursor':
        this.#onIntent(this, message);
        return;
    }
  }

  /** A message written just before another conversation was shown goes where it was written for, or stays a draft there. */
  #submit(key: string, clientId: string, text: string): void {
    const session = [this.#session, ...this.#services.sessions.all].find((one) => one.answersTo(key));
    if (session === undefined) this.#services.drafts.set(key, text);
    else session.submit(clientId, text);
  }

  /** The webview may not know yet that the conversation it shows got its id. */
  #keepDraft(draft: Draft): void {
    const key = this.#session.answersTo(draft.key) ? this.#session.key : draft.key;
    this.#services.drafts.keep({ ...draft, key });
  }

  async #answer(request: WebviewRequest): Promise<void> {
    const { requestId } = request;
    try {
      const value = await this.#onRequest(this, request.body);
      this.#post({ type: 'reply', requestId, ok: true, value });
    } catch (error) {
      this.#services.logger.error(`The request ${request.body.method} failed`, error);
      this.#post({
        type: 'reply',
        requestId,
        ok: false,
        message: error instanceof Error ? error.message : '',
      });
    }
  }

  #postSnapshot(seq: number): void {
    const { state } = this.#session;
    this.#post({
      type: 'snapshot',
      version: PROTOCOL_VERSION,
      seq,
      now: this.#services.clock.now(),
      state: { ...state, transcript: this.#window.open(state.transcript) },
      strings: this.#services.strings,
      draft: this.#services.drafts.get(state.key),
    });
  }

  #post(message: HostMessage): void {
    // Resolves false when the webview is gone: the next `ready` brings everything.
    if (this.#isReady) void this.#webview?.postMessage(message);
  }
}

function endText(turn: Turn, strings: PanelStrings): string {
  switch (turn.outcome?.kind) {
    case 'completed':
    case undefined:
      return strings.turnEnded;
    case 'stopped':
      return strings.turnEndedStopped;
    case 'cutOff':
    case 'failed':
    case 'interrupted':
      return strings.turnEndedBadly;
  }
}

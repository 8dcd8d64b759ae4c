import type fc from 'fast-check';
import { Hub, type LettaServer } from '../../../src/core/hub.ts';
import type { ConversationRef } from '../../../src/core/lettaConnection.ts';
import type { Clock } from '../../../src/core/ports.ts';
import { Publisher } from '../../../src/core/publisher.ts';
import type { Session } from '../../../src/core/session.ts';
import { Sessions } from '../../../src/core/sessions.ts';
import { approvalDigest } from '../../../src/shared/approvalDigest.ts';
import { applyPatches } from '../../../src/shared/patch.ts';
import { EMPTY_TRANSCRIPT, type Transcript } from '../../../src/shared/transcript.ts';
import { FakeClock } from '../fakeClock.ts';
import { FakeLogger } from '../fakeLogger.ts';
import { FakeDisk } from '../memoryStores.ts';
import { AGENT, ModelConnection } from './modelConnection.ts';
import { ModelServer } from './modelServer.ts';

export const REFS: readonly ConversationRef[] = ['conv-1', 'conv-2'].map((conversationId) => ({
  agentId: AGENT.id,
  conversationId,
}));

/** What a person did, and what came of it: the record that the oracle reads at the end. */
export class World {
  readonly scheduler: fc.Scheduler;
  readonly clock = new FakeClock();
  readonly disk = new FakeDisk();
  readonly server = new ModelServer();
  readonly errors: unknown[] = [];
  /** Client ids by the conversation they were written in. */
  readonly written = new Map<string, string>();
  readonly withdrawn = new Set<string>();
  /** The longest text that stood on a screen, by part; only of windows that were not killed since. */
  readonly seen = new Map<string, string>();
  isOnline = true;
  windows: ModelWindow[] = [];
  #messages = 0;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    this.windows.push(new ModelWindow(this));
  }

  newClientId(): string {
    return `m${String(++this.#messages)}`;
  }

  window(index: number): ModelWindow {
    const window = this.windows[index % this.windows.length];
    if (window === undefined) throw new Error('there is always a window');
    return window;
  }

  /** Everything that can happen without the person happens: messages travel, timers fire. */
  async settle(): Promise<void> {
    await this.drain();
    for (let second = 0; second < 12; second++) {
      this.clock.advance(1_000);
      await this.drain();
    }
  }

  async drain(): Promise<void> {
    for (let round = 0; round < 400; round++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.scheduler.count() === 0) return;
      await this.scheduler.waitIdle();
    }
    throw new Error('it never comes to rest');
  }
}

/** The clock of one extension host: it stops when the host is killed. */
class HostClock implements Clock {
  readonly #clock: FakeClock;
  isDead = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(delayMs: number, callback: () => void): { dispose: () => void } {
    return this.#clock.after(delayMs, () => {
      if (!this.isDead) callback();
    });
  }
}

/** One extension host with a panel: what it shows, and what the person does in it. */
export class ModelWindow {
  readonly #world: World;
  readonly #clock: HostClock;
  readonly #disk;
  readonly logger = new FakeLogger();
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly #connections: ModelConnection[] = [];
  readonly #publisher: Publisher;
  #session: Session;
  #subscription: { dispose: () => void };
  /** Written here. */
  readonly #own = new Set<string>();
  isDead = false;
  #shown: Transcript = EMPTY_TRANSCRIPT;
  #isVisible = true;

  constructor(world: World, conversation = 0) {
    this.#world = world;
    this.#clock = new HostClock(world.clock);
    this.#disk = world.disk.openWindow();
    const server: LettaServer = {
      place: 'in a model',
      connect: () => {
        if (!world.isOnline) return Promise.reject(new Error('offline'));
        const connection = new ModelConnection(world.server, world.scheduler);
        this.#connections.push(connection);
        return Promise.resolve(connection);
      },
      startDemo: () => Promise.reject(new Error('no demo')),
      restart: () => Promise.resolve(),
    };
    const settings = { demoStartsByItself: false, newAgentName: 'Ada' };
    this.hub = new Hub(
      server,
      () => settings,
      this.logger,
      this.#clock,
      null,
      () => 0.5,
    );
    let ids = 0;
    this.sessions = new Sessions({
      hub: this.hub,
      clock: this.#clock,
      logger: this.logger,
      newId: () => `own-${String(++ids)}`,
      cwd: () => '/w',
      shownFolder: (path) => path,
      attachmentBudgetBytes: () => 1024,
      outbox: this.#disk.outbox,
      journal: this.#disk.journal,
    });
    this.#publisher = new Publisher(this.#clock, {
      snapshot: () => {
        this.#shown = this.#session.state.transcript;
      },
      update: (seq, patches) => {
        this.#shown = applyPatches(this.#shown, patches);
        this.#publisher.acknowledge(seq);
      },
    });
    this.#session = this.#acquire(conversation);
    this.#subscription = this.#follow();
    this.#publisher.restart();
    void this.#session.open();
  }

  get session(): Session {
    return this.#session;
  }

  /** What the webview holds. */
  get shown(): Transcript {
    return this.#shown;
  }

  submit(plan: string): void {
    const clientId = this.#world.newClientId();
    this.#own.add(clientId);
    this.#world.written.set(clientId, this.#session.target.conversationId ?? '');
    // Two messages alike are taken for the copies that retries leave in the history (PROTOCOL b.14).
    this.#session.submit(clientId, `${plan} ${clientId}`);
  }

  /** The first question on the screen. */
  answer(decision: 'allow' | 'deny'): void {
    for (const part of this.#session.state.transcript.turns.flatMap((turn) => turn.parts)) {
      if (part.kind !== 'tool' || part.approval?.state !== 'pending') continue;
      const { requestId, input } = part.approval;
      this.#session.answerApproval(part.id, requestId, approvalDigest(input), decision, '');
      return;
    }
  }

  async takeBack(): Promise<void> {
    const first = this.#session.state.queue.find(({ clientId }) => this.#own.has(clientId));
    if (first === undefined) return;
    const message = await this.#session.takeQueued(first.clientId);
    if (message !== null) this.#world.withdrawn.add(message.clientId);
  }

  toggleVisible(): void {
    this.#isVisible = !this.#isVisible;
    if (this.#isVisible) this.#publisher.restart();
    else this.#publisher.pause();
  }

  show(): void {
    if (!this.#isVisible) this.toggleVisible();
  }

  switchTo(conversation: number): void {
    const before = this.#session;
    this.#subscription.dispose();
    this.#session = this.#acquire(conversation);
    this.#subscription = this.#follow();
    this.sessions.release(before);
    if (this.#isVisible) this.#publisher.restart();
    void this.#session.open();
  }

  drop(): void {
    this.#connections.at(-1)?.drop();
  }

  /** The extension host is killed: nothing of it goes on. */
  kill(): void {
    this.isDead = true;
    this.#clock.isDead = true;
    for (const connection of this.#connections) connection.cut();
    this.#disk.end();
    // What only it had seen and not written down is gone with it.
    this.#world.seen.clear();
  }

  /** The window is closed or reloaded in order. */
  close(): void {
    this.#subscription.dispose();
    this.#publisher.dispose();
    this.sessions.dispose();
    this.hub.dispose();
    this.kill();
  }

  noteSeen(): void {
    for (const part of this.#session.state.transcript.turns.flatMap((turn) => turn.parts)) {
      if (part.kind !== 'text') continue;
      const before = this.#world.seen.get(part.id) ?? '';
      if (part.text.length > before.length) this.#world.seen.set(part.id, part.text);
    }
  }

  #acquire(conversation: number): Session {
    const ref = REFS[conversation % REFS.length];
    return this.sessions.acquire({
      agentId: AGENT.id,
      conversationId: ref?.conversationId ?? null,
      title: 'x',
      newId: 'n',
    });
  }

  #follow(): { dispose: () => void } {
    const session = this.#session;
    return session.onDidChange(({ patches, fields }) => {
      this.#publisher.publish(patches, fields);
      this.noteSeen();
    });
  }
}

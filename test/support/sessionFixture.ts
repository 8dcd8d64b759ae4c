import { Hub, type LettaServer } from '../../src/core/hub.ts';
import { Sessions } from '../../src/core/sessions.ts';
import type { Session } from '../../src/core/session.ts';
import type { SessionTarget } from '../../src/core/sessionView.ts';
import { approvalDigest } from '../../src/shared/approvalDigest.ts';
import type { ConversationRef } from '../../src/core/lettaConnection.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeConnection } from './fakeConnection.ts';
import { FakeDisk } from './memoryStores.ts';
import { FakeLogger } from './fakeLogger.ts';

export const REF: ConversationRef = { agentId: 'agent-1', conversationId: 'conv-1' };

/** A server whose connections are fakes; each `connect` gives the next one. */
export class FakeServer implements LettaServer {
  readonly place = 'in a test';
  readonly connections: FakeConnection[] = [new FakeConnection()];
  connects = 0;
  restarts = 0;
  failure: Error | null = null;
  /** Resolves the demo; replaced by tests that let it fail. */
  demo: () => Promise<string> = () => Promise.resolve('demo/letta-demo');

  connect(): Promise<FakeConnection> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const connection = this.connections[Math.min(this.connects, this.connections.length - 1)];
    this.connects++;
    return connection === undefined
      ? Promise.reject(new Error('no connection'))
      : Promise.resolve(connection);
  }

  startDemo(): Promise<string> {
    return this.demo();
  }

  restart(): Promise<void> {
    this.restarts++;
    return Promise.resolve();
  }
}

export class SessionFixture {
  readonly clock = new FakeClock();
  readonly logger = new FakeLogger();
  readonly server = new FakeServer();
  readonly settings = { demoStartsByItself: false, newAgentName: 'Letta' };
  readonly hub = new Hub(
    this.server,
    () => this.settings,
    this.logger,
    this.clock,
    null,
    () => 0.5,
  );
  readonly disk: FakeDisk;
  readonly window;
  #ids = 0;
  #seq = 0;
  readonly sessions;

  constructor(disk = new FakeDisk()) {
    this.disk = disk;
    this.window = disk.openWindow();
    this.sessions = new Sessions({
      hub: this.hub,
      clock: this.clock,
      logger: this.logger,
      newId: () => `id-${String(++this.#ids)}`,
      cwd: () => '/workspace',
      shownFolder: (path) => path.replace('/workspace', '~'),
      attachmentBudgetBytes: () => 1024,
      outbox: this.window.outbox,
      journal: this.window.journal,
    });
  }

  get connection(): FakeConnection {
    const connection = this.server.connections[0];
    if (connection === undefined) throw new Error('the fixture has a connection');
    return connection;
  }

  session(target: Partial<SessionTarget> = {}): Session {
    return this.sessions.acquire({ agentId: null, conversationId: null, title: null, newId: 'n', ...target });
  }

  /** An open conversation with one finished history page behind it. */
  async opened(): Promise<Session> {
    const session = this.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    await session.open();
    return session;
  }

  /** The server starts to answer. */
  startTurn(): void {
    this.connection.emit(REF, {
      type: 'phaseChanged',
      phase: 'streaming',
      runIds: ['run-1'],
      executingCallIds: [],
    });
  }

  text(text: string, partId = 'text-1'): void {
    this.connection.emit(
      REF,
      { type: 'textDelta', partId, text, order: { runId: 'run-1', seq: ++this.#seq } },
      this.clock.now(),
    );
  }

  finish(stopReason = 'end_turn'): void {
    this.connection.emit(
      REF,
      { type: 'turnFinished', stopReason, message: '', reason: null },
      this.clock.now(),
    );
  }

  ask(requestId: string, callId: string, input: string): string {
    this.connection.emit(REF, {
      type: 'toolCalled',
      callId,
      name: 'Bash',
      args: input,
      isWhole: true,
      order: null,
    });
    this.connection.emit(REF, {
      type: 'approvalsClassified',
      askedCallIds: [callId],
      allowedCallIds: [],
      deniedCallIds: [],
    });
    this.connection.emit(REF, { type: 'approvalAsked', requestId, callId, name: 'Bash', input, diffs: [] });
    return approvalDigest(input);
  }
}

/** Lets everything that was resolved go on. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

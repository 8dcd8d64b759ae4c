import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { INITIAL_FOLD } from '../../src/core/foldState.ts';
import type { FoldState } from '../../src/core/foldState.ts';
import type { ConversationRef } from '../../src/core/lettaConnection.ts';
import type { LettaEvent } from '../../src/core/lettaEvent.ts';
import { reduce } from '../../src/core/reduce.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import { AppServerConnection } from '../../src/server/appServer/appServerConnection.ts';
import type { Turn } from '../../src/shared/transcript.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

/** A conversation as the extension holds it, and a way to wait for what it shows. */
class Folded {
  state: FoldState = INITIAL_FOLD;
  readonly #checks = new Set<() => void>();

  take(event: LettaEvent, stamp: { readonly source: string; readonly ordinal: number } | null = null): void {
    this.state = reduce(this.state, { event, at: Date.now(), stamp }).state;
    this.check();
  }

  check(): void {
    for (const check of [...this.#checks]) check();
  }

  async until(what: string, isSo: (state: FoldState) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const limit = systemClock.after(15_000, () => {
        reject(new Error(`${what} did not come: ${JSON.stringify(this.state.transcript.turns.at(-1))}`));
      });
      const check = (): void => {
        if (!isSo(this.state)) return;
        limit.dispose();
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  get last(): Turn {
    const turn = this.state.transcript.turns.at(-1);
    assert.ok(turn !== undefined);
    return turn;
  }

  /** The turn of this message is over. */
  ended(clientId: string): Promise<void> {
    return this.until(`the end of ${clientId}`, ({ transcript }) =>
      transcript.turns.some((turn) => turn.id === clientId && turn.state === 'ended'),
    );
  }
}

suite('the connection on a real App Server', function () {
  this.timeout(60_000);
  let fixture: RuntimeFixture;
  let connection: AppServerConnection;
  let ref: ConversationRef;
  const folded = new Folded();

  async function say(text: string): Promise<string> {
    const clientId = randomUUID();
    folded.take({ type: 'messageSubmitted', clientId, text, attachments: [] });
    await connection.send(ref, { clientId, texts: [text] });
    return clientId;
  }

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    const link = await fixture.connect();
    connection = await AppServerConnection.connect({
      link,
      clock: systemClock,
      logger: fixture.logger,
      clientVersion: '0.0.0-test',
      newId: randomUUID,
    });
    connection.onDidReceive((event) => {
      folded.take(event.stamped.event, event.stamped.stamp);
    });
    connection.onDidChangeState(() => {
      folded.check();
    });
    const demo = await link.startDemo();
    await connection.connectProvider(demo.providerId, demo.fields);
    const models = await connection.listModels();
    assert.ok(models.some((model) => model.handle === demo.modelHandle && model.isAvailable));
    const agent = await connection.createAgent({ name: 'Test', modelHandle: demo.modelHandle });
    const opened = await connection.openConversation({
      agentId: agent.id,
      conversationId: null,
      cwd: fixture.workspace,
      mode: 'standard',
    });
    ref = opened.ref;
    assert.equal(opened.mode, 'standard');
    assert.equal(opened.cwd, fixture.workspace);
  });

  suiteTeardown(async () => {
    await fixture.dispose();
    connection.dispose();
  });

  test('a reply streams into one turn with its figures', async () => {
    const clientId = await say('TEST N=8 D=1 USE=100');
    await folded.ended(clientId);
    assert.deepEqual(folded.last.outcome, { kind: 'completed' });
    assert.deepEqual(
      folded.last.parts.map((part) => part.kind),
      ['user', 'text'],
    );
    assert.equal(folded.last.metrics.isEstimated, false);
  });

  test('a command is asked for, allowed, run; denied, it is not', async () => {
    const call = 'TEST CALL:Bash:{"command":"touch made; echo did","description":"d"};; N=2';
    for (const decision of ['allow', 'deny'] as const) {
      const clientId = await say(call);
      await folded.until('the question', () => pending(folded.last) !== null);
      const requestId = pending(folded.last) ?? '';
      folded.take({ type: 'approvalAnswered', requestId, decision, reason: 'because' });
      const answer = await connection.answerApproval(ref, { requestId, decision, reason: 'because' });
      assert.equal(answer.accepted, true);
      await folded.ended(clientId);
      const tool = folded.last.parts.find((part) => part.kind === 'tool');
      assert.equal(tool?.state, decision === 'allow' ? 'done' : 'denied');
      assert.match(tool.output, decision === 'allow' ? /did/ : /because/);
    }
  });

  test('stop ends the turn with what was received', async () => {
    const clientId = await say('TEST N=400 D=20');
    await folded.until('some text', () => folded.last.parts.some((part) => part.kind === 'text'));
    folded.take({ type: 'stopRequested' });
    assert.equal(await connection.stop(ref), true);
    folded.take({ type: 'stopConfirmed' });
    await folded.ended(clientId);
    assert.deepEqual(folded.last.outcome, { kind: 'stopped' });
    await folded.until('the model letting go', (state) => state.unwindingTurnId === null);
  });

  test('history holds the same turns, and adds none', async () => {
    const before = folded.state.transcript.turns.map((turn) => turn.id);
    await connection.readHistory(ref, null, 50);
    assert.deepEqual(
      folded.state.transcript.turns.map((turn) => turn.id),
      before,
    );
    assert.ok(!folded.state.transcript.turns.some((turn) => turn.parts.some(isUnknown)));
  });

  test('titles, lists and models work; what does not exist is refused', async () => {
    await connection.renameConversation(ref.conversationId, 'A title');
    const listed = await connection.listConversations(ref.agentId);
    assert.equal(listed.find(({ id }) => id === ref.conversationId)?.title, 'A title');
    assert.ok((await connection.listAgents()).some((agent) => agent.id === ref.agentId));
    assert.ok((await connection.listProviders()).length > 20);
    await assert.rejects(connection.setModel(ref, 'nope/none'), /no model/);
    await connection.setMode(ref, 'acceptEdits');
    assert.equal(folded.state.mode, 'acceptEdits');
    await connection.setMode(ref, 'standard');
  });

  test('a runtime that is killed in a reply comes back with the conversation, the mode and what was received', async () => {
    const clientId = await say('TEST N=400 D=20');
    await folded.until('some text', () => folded.last.parts.some((part) => part.kind === 'text'));
    process.kill(fixture.pidOf('runtime'), 'SIGKILL');
    await folded.ended(clientId);
    assert.equal(folded.last.outcome?.kind, 'interrupted');
    assert.ok(folded.last.parts.some((part) => part.kind === 'text'));
    await folded.until('the runtime again', () => connection.state.kind === 'open');
    assert.equal(folded.state.mode, 'standard');
    const next = await say('TEST N=3 D=1');
    await folded.ended(next);
    assert.deepEqual(folded.last.outcome, { kind: 'completed' });
  });
});

function pending(turn: Turn): string | null {
  for (const part of turn.parts) {
    if (part.kind === 'tool' && part.approval?.state === 'pending') return part.approval.requestId;
  }
  return null;
}

function isUnknown(part: Turn['parts'][number]): boolean {
  return part.kind === 'notice' && part.code === 'unknown';
}

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import { FakeConnection } from '../../support/fakeConnection.ts';
import { REF, SessionFixture, settled } from '../../support/sessionFixture.ts';

const source = {
  path: 'src/a.ts',
  language: 'typescript',
  lines: [1, 2] as const,
  text: 'let a;',
  isUnsaved: false,
};

suite('session: sending', () => {
  test('a new conversation is made at the first send, with the safe mode, and titled by the prompt', async () => {
    const fixture = new SessionFixture();
    const session = fixture.session();
    await session.open();
    assert.deepEqual(fixture.connection.opened, [], 'nothing is made before something is said');
    session.submit('c1', 'Why does the upload retry forever?\nIt should not.');
    await settled();
    assert.deepEqual(fixture.connection.opened, [
      { agentId: 'agent-1', conversationId: null, cwd: '/workspace', mode: 'standard' },
    ]);
    assert.deepEqual(fixture.connection.titles, [
      { id: 'conv-1', title: 'Why does the upload retry forever?' },
    ]);
    assert.equal(fixture.connection.sent.length, 1);
    assert.equal(session.state.conversation?.id, 'conv-1');
    assert.equal(session.state.mode, 'standard');
    assert.equal(session.state.transcript.turns[0]?.state, 'pending');
  });

  test('the same client id twice is one message', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'Hello');
    session.submit('c1', 'Hello');
    await settled();
    assert.equal(fixture.connection.sent.length, 1);
  });

  test('what is written while Letta starts is shown, kept and sent once, in order', async () => {
    const fixture = new SessionFixture();
    const session = fixture.session();
    session.submit('c1', 'first');
    session.submit('c2', 'second');
    assert.deepEqual(
      session.state.queue.map((message) => message.text),
      ['first', 'second'],
    );
    await settled();
    assert.deepEqual(
      fixture.connection.sent.map((message) => message.texts),
      [['first'], ['second']],
    );
    assert.ok(!session.hasUnsent);
  });

  test('without a model the text is kept, and sent when one is chosen', async () => {
    const fixture = new SessionFixture();
    fixture.connection.agents = [];
    const session = fixture.session();
    session.submit('c1', 'Hello');
    await settled();
    assert.equal(session.state.blockedReason, 'Kept until you choose a model');
    assert.ok(session.state.setup?.choices.some((choice) => choice.id === 'demo'));
    await fixture.hub.createAgent('test/model');
    await settled();
    assert.deepEqual(fixture.connection.sent[0]?.texts, ['Hello']);
    assert.equal(session.state.setup, null);
  });

  test('attachments go along with the message and leave the composer', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.composer.attach(source);
    session.submit('c1', 'Why?');
    await settled();
    assert.equal(session.state.attachments.length, 0);
    assert.match(fixture.connection.sent[0]?.texts[0] ?? '', /"path":"src\/a.ts".*"lines":"1-2"/);
    const part = session.state.transcript.turns[0]?.parts[0];
    assert.equal(part?.kind === 'user' ? part.attachments[0]?.path : null, 'src/a.ts');
  });

  test('a message the server refuses is marked, kept with what it carried, and can be sent again', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.failures.set('send', new LettaError('refused', 'Not now.'));
    session.composer.attach(source);
    session.submit('c1', 'Hello');
    await settled();
    const part = session.state.transcript.turns[0]?.parts[0];
    assert.equal(part?.kind === 'user' ? part.delivery : null, 'unsent');
    assert.equal(fixture.disk.messages.size, 1, 'still on disk');
    session.sendAgain('c1');
    await settled();
    assert.deepEqual(
      fixture.connection.sent.map(({ clientId, texts }) => [clientId, texts.length]),
      [
        ['c1', 2],
        ['c1', 2],
      ],
    );
    assert.equal(session.state.transcript.turns.length, 1);
  });

  test('during a turn a message is queued visibly and can be taken back', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'first');
    await settled();
    fixture.startTurn();
    session.submit('c2', 'second');
    await settled();
    fixture.connection.emit(REF, {
      type: 'queueChanged',
      items: [{ itemId: 'q-1', clientId: 'c2', text: 'second', isPaused: false }],
      removed: [],
    });
    assert.deepEqual(
      session.state.queue.map(({ text, state }) => [text, state]),
      [['second', 'queued']],
    );
    assert.equal((await session.takeQueued('c2'))?.text, 'second');
    assert.deepEqual([...fixture.disk.messages.keys()], ['c1'], 'no longer on disk');
    assert.deepEqual(fixture.connection.removed, ['q-1']);
    assert.equal(await session.takeQueued('nothing'), null);
  });
});

suite('session: streaming', () => {
  test('text grows, the figures are there at the end, and one line is logged', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    const phases: string[] = [];
    session.onDidChange(({ fields }) => {
      if (fields.activity !== undefined) phases.push(fields.activity.phase);
    });
    session.submit('c1', 'Hello');
    await settled();
    fixture.startTurn();
    fixture.clock.advance(400);
    fixture.text('Good ');
    fixture.clock.advance(1600);
    fixture.text('morning.');
    fixture.connection.emit(REF, {
      type: 'usage',
      runId: 'run-1',
      inputTokens: 20,
      outputTokens: 40,
      contextTokens: null,
    });
    fixture.finish();
    const [turn] = session.state.transcript.turns;
    assert.deepEqual(
      turn?.parts.map((part) => (part.kind === 'text' || part.kind === 'user' ? part.text : part.kind)),
      ['Hello', 'Good morning.'],
    );
    assert.deepEqual(turn.outcome, { kind: 'completed' });
    assert.equal(turn.metrics.outputTokens, 40);
    assert.ok(phases.includes('writing'));
    assert.equal(session.state.activity.phase, 'idle');
    const line = fixture.logger.at('info').find((one) => one.startsWith('turn completed'));
    assert.match(line ?? '', /total 2\.0 s, first token 0\.4 s, 40 tokens out, 20 in/);
    assert.ok(!fixture.logger.lines.some(({ message }) => message.includes('morning')), 'no text in the log');
  });
});

suite('session: approvals', () => {
  async function asked(): Promise<{
    fixture: SessionFixture;
    session: Awaited<ReturnType<SessionFixture['opened']>>;
    digest: string;
  }> {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'Do it');
    await settled();
    fixture.startTurn();
    return { fixture, session, digest: fixture.ask('perm-1', 'call-1', '{"command":"rm -rf build"}') };
  }

  test('allowing sends one answer', async () => {
    const { fixture, session, digest } = await asked();
    assert.ok(session.isWaitingForPerson);
    session.answerApproval('call-1', 'perm-1', digest, 'allow', '');
    session.answerApproval('call-1', 'perm-1', digest, 'allow', '');
    await settled();
    assert.deepEqual(fixture.connection.answers, [{ requestId: 'perm-1', decision: 'allow', reason: '' }]);
    assert.ok(!session.isWaitingForPerson);
  });

  test('denying carries the reason', async () => {
    const { fixture, session, digest } = await asked();
    session.answerApproval('call-1', 'perm-1', digest, 'deny', 'use pnpm');
    await settled();
    assert.deepEqual(fixture.connection.answers, [
      { requestId: 'perm-1', decision: 'deny', reason: 'use pnpm' },
    ]);
  });

  test('an answer to something else than what would run is not sent', async () => {
    const { fixture, session } = await asked();
    session.answerApproval('call-1', 'perm-1', 'another digest', 'allow', '');
    session.answerApproval('call-1', 'perm-2', 'x', 'allow', '');
    session.answerApproval('call-9', 'perm-1', 'x', 'allow', '');
    await settled();
    assert.deepEqual(fixture.connection.answers, []);
    assert.ok(session.isWaitingForPerson);
  });

  test('an answer to what a broker replays while the conversation is being opened is sent once it is open', async () => {
    const fixture = new SessionFixture();
    const session = fixture.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    fixture.connection.onOpen = () => {
      fixture.startTurn();
      const digest = fixture.ask('perm-1', 'call-1', '{"command":"ls"}');
      session.answerApproval('call-1', 'perm-1', digest, 'allow', '');
    };
    await session.open();
    await settled();
    assert.deepEqual(fixture.connection.answers, [{ requestId: 'perm-1', decision: 'allow', reason: '' }]);
    assert.deepEqual(session.state.notices, []);
  });

  test('an answer that is refused says so', async () => {
    const { fixture, session, digest } = await asked();
    fixture.connection.acceptsAnswers = false;
    session.answerApproval('call-1', 'perm-1', digest, 'allow', '');
    await settled();
    const tool = session.state.transcript.turns[0]?.parts.find((part) => part.kind === 'tool');
    assert.notEqual(tool?.kind === 'tool' ? tool.approval?.state : null, 'allowed');
  });
});

suite('session: trouble', () => {
  test('a lost connection interrupts the turn, says so, and opening again goes on', async () => {
    const fixture = new SessionFixture();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    const session = await fixture.opened();
    session.submit('c1', 'Hello');
    await settled();
    fixture.startTurn();
    fixture.text('Half');
    fixture.connection.setState({
      kind: 'closed',
      error: new LettaError('connectionLost', 'Letta went away.'),
    });
    assert.equal(session.state.transcript.turns[0]?.outcome?.kind, 'interrupted');
    assert.equal(session.state.link.state, 'reconnecting');
    assert.equal(session.state.link.retryAt, fixture.clock.now() + 250, 'half of half a second');
    assert.ok(session.state.link.actions.includes('reconnect'));
    session.submit('c2', 'Still there?');
    await settled();
    assert.equal(next.opened[0]?.conversationId, 'conv-1');
    assert.deepEqual(
      next.sent.map((message) => message.clientId),
      ['c2'],
    );
  });

  test('a request that fails becomes a notice that can be dismissed', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.failures.set('renameConversation', new LettaError('timeout', 'No answer.'));
    await session.rename('New name');
    const [notice] = session.state.notices;
    assert.match(notice?.text ?? '', /Renaming did not work: No answer\./);
    session.dismissNotice(notice?.id ?? '');
    assert.deepEqual(session.state.notices, []);
  });

  test('a conversation that cannot be opened says why, keeps what was typed, and sends it later', async () => {
    const fixture = new SessionFixture();
    fixture.connection.failures.set(
      'openConversation',
      new LettaError('notFound', 'The conversation is gone.'),
    );
    const session = fixture.session({ agentId: 'agent-1', conversationId: 'conv-1' });
    session.submit('c1', 'Hello');
    await settled();
    assert.equal(session.state.link.text, 'The conversation is gone.');
    assert.equal(session.state.queue.length, 1);
    await session.open();
    assert.equal(session.state.link.state, 'ready');
    assert.equal(fixture.connection.sent.length, 1);
  });

  test('older history is read with the cursor of the first page', async () => {
    const fixture = new SessionFixture();
    fixture.connection.history = {
      messages: [
        { kind: 'user', id: 'u2', clientId: 'u2', text: 'newer', attachments: [], origin: 'person', at: 2 },
        { kind: 'text', id: 't2', text: 'reply', at: 2 },
      ],
      before: 'u2',
    };
    const session = await fixture.opened();
    assert.ok(session.state.transcript.hasOlder);
    fixture.connection.history = {
      messages: [
        { kind: 'user', id: 'u1', clientId: 'u1', text: 'older', attachments: [], origin: 'person', at: 1 },
      ],
      before: null,
    };
    assert.ok(await session.loadOlder());
    assert.equal(session.state.transcript.turns[0]?.id, 'u1');
    assert.ok(!(await session.loadOlder()), 'nothing older');
  });
});

suite('sessions', () => {
  test('two views of one conversation share the session; it ends with the last one', async () => {
    const fixture = new SessionFixture();
    const one = await fixture.opened();
    const two = fixture.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    assert.equal(one, two);
    fixture.sessions.release(one);
    assert.equal(fixture.sessions.all.length, 1);
    fixture.sessions.release(two);
    assert.equal(fixture.sessions.all.length, 0);
  });

  test('a session nobody looks at lives until its turn ends', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'Hello');
    await settled();
    fixture.startTurn();
    fixture.sessions.release(session);
    assert.deepEqual(fixture.sessions.running, [session]);
    fixture.finish();
    assert.equal(fixture.sessions.all.length, 0);
  });
});

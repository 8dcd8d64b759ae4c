import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import type { HistoryMessage } from '../../../src/core/lettaEvent.ts';
import { FakeConnection } from '../../support/fakeConnection.ts';
import { REF, SessionFixture, settled } from '../../support/sessionFixture.ts';

const user = (clientId: string, at = 1_000_000): HistoryMessage => ({
  kind: 'user',
  id: `u-${clientId}`,
  clientId,
  text: clientId,
  attachments: [],
  origin: 'person',
  at,
});

const lost = { kind: 'closed', error: new LettaError('connectionLost', 'Letta went away.') } as const;

/** The window is killed: the next one has the same disk. */
function crash(fixture: SessionFixture): SessionFixture {
  fixture.window.end();
  const next = new SessionFixture(fixture.disk);
  next.clock.advance(1000);
  return next;
}

suite('delivery: a message on its way', () => {
  test('is on disk before it is sent, and leaves when the turn has ended', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    let wasOnDisk = false;
    fixture.connection.onSend = () => {
      wasOnDisk = fixture.disk.messages.has('c1');
    };
    session.submit('c1', 'Hello');
    await settled();
    assert.ok(wasOnDisk);
    fixture.startTurn();
    fixture.connection.emit(REF, { ...userEvent('c1') });
    assert.equal(fixture.disk.messages.size, 1, 'the server could still lose it');
    fixture.finish();
    await settled();
    assert.equal(fixture.disk.messages.size, 0);
  });

  test('does not overtake one that the disk takes longer with, nor does Stop', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    let written: () => void = () => undefined;
    fixture.disk.slow.set('c1', new Promise((resolve) => (written = resolve)));
    session.submit('c1', 'first');
    session.submit('c2', 'second');
    session.stop();
    await settled();
    assert.deepEqual(fixture.connection.sent, []);
    assert.ok(!fixture.connection.calls.includes('stop'));
    written();
    await settled();
    assert.deepEqual(
      fixture.connection.sent.map(({ clientId }) => clientId),
      ['c1', 'c2'],
    );
    assert.ok(fixture.connection.calls.includes('stop'));
  });

  test('a full disk does not hold it back, and is named', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.disk.isFull = true;
    session.submit('c1', 'Hello');
    await settled();
    assert.equal(fixture.connection.sent.length, 1);
    assert.match(session.state.notices[0]?.text ?? '', /disk does not take/);
  });

  test('an answer that never came: looked up, and found, it is not sent again', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.failures.set('send', new LettaError('timeout', 'No answer.'));
    fixture.connection.history = { messages: [user('c1')], before: null };
    session.submit('c1', 'Hello');
    await settled();
    assert.equal(fixture.connection.sent.length, 1);
    const part = session.state.transcript.turns[0]?.parts[0];
    assert.equal(part?.kind === 'user' ? part.delivery : null, 'sent');
  });

  test('an answer that never came: looked up, and not found, it is sent again under its id', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.failures.set('send', new LettaError('timeout', 'No answer.'));
    session.submit('c1', 'Hello');
    await settled();
    assert.deepEqual(
      fixture.connection.sent.map(({ clientId }) => clientId),
      ['c1', 'c1'],
    );
    assert.equal(session.state.transcript.turns.length, 1);
  });

  test('after three tries it is for the person to decide', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.onSend = () => {
      fixture.connection.failures.set('send', new LettaError('timeout', 'No answer.'));
    };
    session.submit('c1', 'Hello');
    for (let round = 0; round < 6; round++) await settled();
    assert.equal(fixture.connection.sent.length, 3);
    assert.ok(session.hasUnsent);
  });
});

suite('delivery: a connection that is lost', () => {
  test('what the server had is not sent again, what it had not is, in order', async () => {
    const fixture = new SessionFixture();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    const session = await fixture.opened();
    fixture.connection.onSend = () => undefined;
    for (const id of ['c1', 'c2', 'c3']) session.submit(id, id);
    await settled();
    next.history = { messages: [user('c1')], before: null };
    fixture.connection.setState(lost);
    await session.open();
    await settled();
    assert.deepEqual(
      next.sent.map(({ clientId }) => clientId),
      ['c2', 'c3'],
    );
    assert.deepEqual(allUserIds(session), ['c1', 'c2', 'c3']);
  });

  test('a message far back in the history is found', async () => {
    const fixture = new SessionFixture();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    const session = await fixture.opened();
    session.submit('c1', 'c1');
    await settled();
    next.pages = [
      { messages: [{ kind: 'text', id: 't9', text: 'much later', at: 1_000_900 }], before: 'p1' },
      { messages: [{ kind: 'text', id: 't1', text: 'later', at: 1_000_100 }], before: 'p2' },
      { messages: [user('c1')], before: null },
    ];
    fixture.connection.setState(lost);
    await session.open();
    await settled();
    assert.deepEqual(next.sent, []);
  });

  test('what the agent had begun with and the server lost is marked, and only sent again when told', async () => {
    const fixture = new SessionFixture();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    const session = await fixture.opened();
    session.submit('c1', 'Delete it');
    await settled();
    fixture.startTurn();
    fixture.connection.emit(REF, userEvent('c1'));
    fixture.text('I am going to');
    fixture.connection.setState(lost);
    await session.open();
    await settled();
    const part = session.state.transcript.turns[0]?.parts[0];
    assert.equal(part?.kind === 'user' ? part.delivery : null, 'notKept');
    assert.deepEqual(next.sent, []);
    session.sendAgain('c1');
    await settled();
    assert.equal(next.sent.length, 1);
    assert.ok(
      next.sent.every(({ clientId }) => clientId !== 'c1'),
      'a new message: the old one stays',
    );
    assert.equal(fixture.disk.messages.size, 1);
  });

  test('older than ten minutes: offered', async () => {
    const fixture = new SessionFixture();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    const session = await fixture.opened();
    fixture.connection.failures.set('send', new LettaError('connectionLost', 'gone'));
    fixture.connection.setState({ kind: 'restarting', attempt: 1, message: 'x' });
    session.submit('c1', 'Hello');
    fixture.clock.advance(11 * 60_000);
    fixture.connection.setState(lost);
    await session.open();
    await settled();
    assert.deepEqual(
      next.sent.map(({ clientId }) => clientId),
      ['c1'],
      'never handed over, and its window has been open all the time',
    );
  });
});

suite('delivery: taking a message back from the server', () => {
  async function queued(): Promise<{
    fixture: SessionFixture;
    session: Awaited<ReturnType<SessionFixture['opened']>>;
  }> {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'one');
    await settled();
    fixture.startTurn();
    session.submit('c2', 'two');
    await settled();
    const items = [{ itemId: 'q1', clientId: 'c2', text: 'two', isPaused: false }];
    fixture.connection.emit(REF, { type: 'queueChanged', items, removed: [] });
    fixture.connection.failures.set('removeQueued', new LettaError('connectionLost', 'Gone.'));
    return { fixture, session };
  }

  test('the answer is lost, and the queue has told: it is the person’s again', async () => {
    const { fixture, session } = await queued();
    const taken = session.takeQueued('c2');
    const removed = [{ clientId: 'c2', disposition: 'cancelled' }];
    fixture.connection.emit(REF, { type: 'queueChanged', items: [], removed });
    assert.equal((await taken)?.text, 'two');
    await settled();
    assert.deepEqual([...fixture.disk.messages.keys()], ['c1']);
  });

  test('the answer is lost, and nothing told: it is offered, and goes out under a new id when told', async () => {
    const { fixture, session } = await queued();
    const next = new FakeConnection();
    fixture.server.connections.push(next);
    next.history = { messages: [user('c1')], before: null };
    assert.equal(await session.takeQueued('c2'), null);
    fixture.connection.setState(lost);
    await session.open();
    await settled();
    assert.deepEqual(next.sent, [], 'the person wanted it back');
    assert.deepEqual(
      session.state.queue.map(({ clientId, state }) => [clientId, state]),
      [['c2', 'unsent']],
    );
    session.sendQueuedNow();
    await settled();
    assert.equal(next.sent.length, 1);
    assert.ok(
      next.sent.every(({ clientId }) => clientId !== 'c2'),
      'the server would take the old id for a repetition',
    );
  });
});

suite('delivery: a window that crashed', () => {
  test('what it had not sent goes out once, in order, from the next one', async () => {
    const first = new SessionFixture();
    first.server.failure = new LettaError('unreachable', 'not there');
    const session = first.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    session.submit('c1', 'one');
    session.submit('c2', 'two');
    await settled();
    const second = crash(first);
    await second.opened();
    await settled();
    assert.deepEqual(
      second.connection.sent.map(({ clientId }) => clientId),
      ['c1', 'c2'],
    );
  });

  test('what the server has by then is not sent again', async () => {
    const first = new SessionFixture();
    const session = await first.opened();
    session.submit('c1', 'one');
    await settled();
    const second = crash(first);
    second.connection.history = { messages: [user('c1')], before: null };
    await second.opened();
    await settled();
    assert.deepEqual(second.connection.sent, []);
    assert.equal(second.disk.messages.size, 0);
  });

  test('what waits in the queue of the server is not sent again', async () => {
    const first = new SessionFixture();
    const session = await first.opened();
    session.submit('c1', 'one');
    await settled();
    const second = crash(first);
    second.connection.onOpen = () => {
      second.connection.emit(REF, {
        type: 'queueChanged',
        items: [{ itemId: 'q1', clientId: 'c1', text: 'one', isPaused: false }],
        removed: [],
      });
    };
    const reopened = await second.opened();
    await settled();
    assert.deepEqual(second.connection.sent, []);
    assert.deepEqual(
      reopened.state.queue.map(({ clientId }) => clientId),
      ['c1'],
    );
  });

  test('after more than ten minutes it is offered: shown, not sent, editable', async () => {
    const first = new SessionFixture();
    first.server.failure = new LettaError('unreachable', 'not there');
    const session = first.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    session.submit('c1', 'one');
    await settled();
    const second = crash(first);
    second.clock.advance(11 * 60_000);
    const reopened = await second.opened();
    await settled();
    assert.deepEqual(second.connection.sent, []);
    assert.deepEqual(
      reopened.state.queue.map(({ clientId, state }) => [clientId, state]),
      [['c1', 'unsent']],
    );
    reopened.sendQueuedNow();
    await settled();
    assert.equal(second.connection.sent.length, 1);
  });

  test('what was taken back does not come again', async () => {
    const first = new SessionFixture();
    first.server.failure = new LettaError('unreachable', 'not there');
    const session = first.session({ agentId: REF.agentId, conversationId: REF.conversationId });
    session.submit('c1', 'one');
    await settled();
    assert.equal((await session.takeQueued('c1'))?.text, 'one');
    await settled();
    const second = crash(first);
    const reopened = await second.opened();
    assert.deepEqual(reopened.state.queue, []);
  });
});

function userEvent(clientId: string) {
  return {
    type: 'userMessage',
    clientId,
    messageId: `u-${clientId}`,
    text: clientId,
    attachments: [],
    origin: 'person',
  } as const;
}

function allUserIds(session: {
  readonly state: {
    readonly transcript: {
      readonly turns: readonly {
        readonly parts: readonly { readonly kind: string; readonly id: string }[];
      }[];
    };
    readonly queue: readonly { readonly clientId: string }[];
  };
}): readonly string[] {
  const parts = session.state.transcript.turns.flatMap((turn) => turn.parts);
  const shown = parts.filter((part) => part.kind === 'user').map((part) => part.id);
  return [...shown, ...session.state.queue.map(({ clientId }) => clientId)];
}

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import type { HistoryMessage } from '../../../src/core/lettaEvent.ts';
import type { Session } from '../../../src/core/session.ts';
import { REF, SessionFixture, settled } from '../../support/sessionFixture.ts';

const user = (clientId: string): HistoryMessage => ({
  kind: 'user',
  id: `u-${clientId}`,
  clientId,
  text: clientId,
  attachments: [],
  origin: 'person',
  at: 1_000_000,
});
const reply = (id: string, text: string): HistoryMessage => ({ kind: 'text', id, text, at: 1_000_000 });

/** One turn: prompt, some text, and its end. */
async function turn(
  fixture: SessionFixture,
  session: Session,
  id: string,
  stopReason: string,
): Promise<void> {
  session.submit(id, id);
  await settled();
  fixture.startTurn();
  fixture.connection.emit(REF, {
    type: 'userMessage',
    clientId: id,
    messageId: `u-${id}`,
    text: id,
    attachments: [],
    origin: 'person',
  });
  fixture.text(`reply to ${id}`, `t-${id}`);
  fixture.finish(stopReason);
  await settled();
}

/** The same disk in a window that knows nothing else but what the server's history says. */
async function reopened(fixture: SessionFixture, messages: readonly HistoryMessage[]): Promise<Session> {
  fixture.window.end();
  const next = new SessionFixture(fixture.disk);
  next.connection.history = { messages, before: null };
  const session = await next.opened();
  await settled();
  return session;
}

function lines(session: Session): readonly string[] {
  return session.state.transcript.turns.flatMap(({ parts }) =>
    parts.map((part) => {
      if (part.kind === 'user') return `user ${part.text} (${part.delivery})`;
      if (part.kind === 'text') return part.text;
      return part.kind === 'notice' ? `! ${part.text}` : part.kind;
    }),
  );
}

suite('journal: what was seen and not kept', () => {
  test('a turn that ended well is the server’s alone', async () => {
    const fixture = new SessionFixture();
    await turn(fixture, await fixture.opened(), 'a', 'end_turn');
    assert.deepEqual(
      [...fixture.disk.journal.values()].map((turns) => turns.size),
      [],
    );
  });

  test('the half reply of a stopped turn, which the server drops, is there again, and marked', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    await turn(fixture, session, 'a', 'cancelled');
    await turn(fixture, session, 'b', 'end_turn');
    const next = await reopened(fixture, [user('a'), user('b'), reply('t-b', 'reply to b')]);
    assert.deepEqual(lines(next), [
      'user a (sent)',
      'reply to a',
      '! Letta did not keep all of this reply: the agent no longer sees it.',
      'user b (sent)',
      'reply to b',
    ]);
    assert.deepEqual(next.state.transcript.turns[0]?.outcome, { kind: 'stopped' });
  });

  test('a turn that the server lost whole stands where it stood, and can be sent again', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    await turn(fixture, session, 'a', 'end_turn');
    await turn(fixture, session, 'b', 'error');
    await turn(fixture, session, 'c', 'end_turn');
    const next = await reopened(fixture, [
      user('a'),
      reply('t-a', 'reply to a'),
      user('c'),
      reply('t-c', 'reply to c'),
    ]);
    const shown = lines(next);
    assert.deepEqual(shown.slice(0, 4), ['user a (sent)', 'reply to a', 'user b (notKept)', 'reply to b']);
    assert.deepEqual(shown.slice(-2), ['user c (sent)', 'reply to c']);
  });

  test('a turn that was running when everything ended is closed as interrupted', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('a', 'a');
    await settled();
    fixture.startTurn();
    fixture.connection.emit(REF, {
      type: 'userMessage',
      clientId: 'a',
      messageId: 'u-a',
      text: 'a',
      attachments: [],
      origin: 'person',
    });
    fixture.text('half a rep', 't-a');
    fixture.clock.advance(2000);
    await settled();
    const next = await reopened(fixture, [user('a')]);
    const [seen] = next.state.transcript.turns;
    assert.equal(seen?.outcome?.kind, 'interrupted');
    assert.deepEqual(lines(next).slice(0, 2), ['user a (sent)', 'half a rep']);
    assert.ok(seen.parts.some((part) => part.kind === 'notice' && part.actions.includes('continue')));
  });

  test('what a stopped model says after the end of its turn is kept as well', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    await turn(fixture, session, 'a', 'cancelled');
    fixture.connection.emit(REF, {
      type: 'textDelta',
      partId: 't-a',
      text: ', and late words',
      order: { runId: 'run-1', seq: 99 },
    });
    fixture.clock.advance(50);
    await settled();
    const next = await reopened(fixture, [user('a')]);
    assert.deepEqual(lines(next).slice(0, 2), ['user a (sent)', 'reply to a, and late words']);
  });

  test('the longer text wins where the server has only its beginning', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    await turn(fixture, session, 'a', 'cancelled');
    const next = await reopened(fixture, [user('a'), reply('t-a', 'reply')]);
    assert.deepEqual(lines(next).slice(0, 2), ['user a (sent)', 'reply to a']);
  });

  test('a page of older history brings its own rows back', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    await turn(fixture, session, 'a', 'cancelled');
    await turn(fixture, session, 'b', 'end_turn');
    fixture.window.end();
    fixture.disk.messages.clear(); // or the stopped message would be looked for on the older page
    const next = new SessionFixture(fixture.disk);
    next.connection.pages = [
      { messages: [user('b'), reply('t-b', 'reply to b')], before: 'b' },
      { messages: [user('a')], before: null },
    ];
    const reread = await next.opened();
    assert.deepEqual(lines(reread), ['user b (sent)', 'reply to b']);
    assert.ok(await reread.loadOlder());
    assert.deepEqual(lines(reread).slice(0, 2), ['user a (sent)', 'reply to a']);
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { SessionFixture, settled } from '../../support/sessionFixture.ts';

suite('session: stop', () => {
  test('is acknowledged at once, confirmed by the server, and keeps what came', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    session.submit('c1', 'Hello');
    await settled();
    fixture.startTurn();
    fixture.text('Half an ans');
    session.stop();
    assert.equal(session.state.activity.phase, 'stopping');
    await settled();
    fixture.finish('cancelled');
    const turn = session.state.transcript.turns[0];
    assert.deepEqual(turn?.outcome, { kind: 'stopped' });
    assert.ok(turn.parts.some((part) => part.kind === 'text' && part.text === 'Half an ans'));
    assert.equal(session.state.activity.phase, 'idle');
  });

  test('before the first token the words come back', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    const returned: string[] = [];
    session.onDidReturnText((text) => returned.push(text));
    session.submit('c1', 'Hello');
    await settled();
    session.stop();
    session.stop();
    await settled();
    assert.deepEqual(returned, ['Hello']);
    assert.equal(fixture.connection.calls.filter((call) => call === 'stop').length, 1);
  });

  test('a server that runs nothing yet is asked again, once a second, until it lets go', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.stopResult = false;
    session.submit('c1', 'Hello');
    await settled();
    session.stop();
    await settled();
    const asked = () => fixture.connection.calls.filter((call) => call === 'stop').length;
    assert.equal(asked(), 1);
    fixture.clock.advance(900);
    await settled();
    assert.equal(asked(), 1);
    fixture.clock.advance(100);
    await settled();
    assert.equal(asked(), 2);
    fixture.connection.stopResult = true;
    fixture.clock.advance(1000);
    await settled();
    assert.deepEqual(session.state.transcript.turns[0]?.outcome, { kind: 'stopped' });
    fixture.clock.advance(10_000);
    await settled();
    assert.equal(asked(), 3);
  });

  test('Stop does not overtake the message it stops', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    const order: string[] = [];
    fixture.connection.onSend = () => order.push('send');
    fixture.connection.onStop = () => order.push('stop');
    session.submit('c1', 'Hello');
    session.stop();
    await settled();
    assert.deepEqual(order, ['send', 'stop']);
  });

  test('a model that does not let go is named after five seconds', async () => {
    const fixture = new SessionFixture();
    const session = await fixture.opened();
    fixture.connection.stopResult = false;
    session.submit('c1', 'Hello');
    await settled();
    fixture.startTurn();
    fixture.text('x');
    session.stop();
    await settled();
    fixture.clock.advance(5000);
    assert.equal(session.state.activity.phase, 'stillStopping');
  });
});

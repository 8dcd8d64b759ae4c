import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import {
  Log,
  called,
  device,
  echoed,
  finished,
  phase,
  said,
  submitted,
  thought,
} from '../../support/coreLog.ts';

suite('turns', () => {
  test('a prompt is shown at once, confirmed by the first activity, and ended by the server', () => {
    const log = new Log().own(submitted('c1', 'hello'));
    assert.equal(log.turn().state, 'pending');
    assert.equal(log.part('user').delivery, 'pending');
    log.in(phase('sending'));
    assert.equal(log.turn().state, 'active');
    assert.equal(log.part('user').delivery, 'sent');
    log.in(said('t1', 'Hi'), finished());
    assert.deepEqual(log.turn().outcome, { kind: 'completed' });
    assert.equal(log.state.currentTurnId, null);
    assert.deepEqual(
      [log.turn().metrics.startedAt, log.turn().metrics.firstTokenAt, log.turn().metrics.endedAt],
      [100, 300, 400],
    );
  });

  test('the same client id sends once', () => {
    const log = new Log().own(submitted('c1'), submitted('c1'));
    assert.equal(log.turns.length, 1);
    log.own(submitted('c2'), submitted('c2'));
    assert.equal(log.state.queue.length, 1);
  });

  test('a prompt during a turn waits in the queue until the server takes it', () => {
    const log = new Log().own(submitted('c1')).in(phase('streaming')).own(submitted('c2'));
    assert.deepEqual(
      log.state.queue.map((entry) => entry.state),
      ['sending'],
    );
    log.in({
      type: 'queueChanged',
      items: [{ itemId: 'q-1', clientId: 'c2', text: 'c2', isPaused: false }],
      removed: [],
    });
    assert.deepEqual(
      log.state.queue.map((entry) => [entry.itemId, entry.state]),
      [['q-1', 'queued']],
    );
    log.in(finished(), echoed('c2'));
    assert.equal(log.state.queue.length, 0);
    assert.equal(log.turns.length, 2);
    assert.equal(log.turn().state, 'active');
  });

  test('prompts taken together are one turn; one folded in while a tool runs stays in its turn', () => {
    const log = new Log().own(submitted('c1')).in(phase('streaming'), finished(), echoed('c2'), echoed('c3'));
    assert.deepEqual(
      log.turn().parts.map((part) => part.id),
      ['c2', 'c3'],
    );
    log.in(called('call'), echoed('c4'), said('t', 'x'));
    assert.deepEqual(
      log.turn().parts.map((part) => part.id),
      ['c2', 'c3', 'call', 'c4', 't'],
    );
    assert.equal(log.turns.length, 2);
  });

  test('a turn can begin without us, by its first part', () => {
    const log = new Log().in(phase('sending', ['r9']), said('t1', 'Hi', 1, 'r9'));
    assert.equal(log.turn().id, 't1');
    assert.equal(log.turn().metrics.startedAt, 100);
  });

  test('thinking ends when the answer begins', () => {
    const log = new Log().own(submitted('c1')).in(thought('r', 'hm'));
    assert.equal(log.part('reasoning').endedAt, null);
    log.in(said('t', 'x'));
    assert.deepEqual([log.part('reasoning').startedAt, log.part('reasoning').endedAt], [200, 300]);
  });

  test('a delta that another connection repeats, or an older one, adds nothing', () => {
    const log = new Log().own(submitted('c1')).in(said('t', 'a', 1), said('t', 'b', 2));
    log.from('B', said('t', 'b', 2), said('t', 'a', 1), said('t', 'c', 3));
    log.in(said('t', 'c', 3), said('t', 'd', 4), said('t', 'e', 4));
    assert.equal(log.part('text').text, 'abcde');
  });

  test('usage is summed over runs, and estimated until it comes', () => {
    const usage = { type: 'usage', inputTokens: 120, outputTokens: 20, contextTokens: 140 } as const;
    const log = new Log().own(submitted('c1')).in(said('t', '12345678', 1, 'r1'), { ...usage, runId: 'r1' });
    log.in({ ...usage, runId: 'r1' }, said('u', 'x', 1, 'r2'), { ...usage, runId: 'r2' }, finished());
    const { outputTokens, inputTokens, isEstimated, steps } = log.turn().metrics;
    assert.deepEqual([outputTokens, inputTokens, isEstimated, steps], [40, 240, false, 2]);
    assert.equal(log.state.contextTokens, 140);
    const guessed = new Log().own(submitted('c1')).in(said('t', '123456789'), finished());
    assert.deepEqual([guessed.turn().metrics.outputTokens, guessed.turn().metrics.isEstimated], [3, true]);
  });

  test('an empty reply says so', () => {
    const log = new Log().own(submitted('c1')).in(phase('streaming'), finished());
    assert.match(log.part('notice').text, /No reply/);
  });

  test('output and step limits cut off, and the repeated reason adds nothing', () => {
    const log = new Log().own(submitted('c1')).in(said('t', 'x'), finished('max_tokens_exceeded'));
    log.in({ type: 'failed', isTerminal: true, message: 'Unexpected stop reason', reason: 'unknown' });
    assert.deepEqual(log.turn().outcome, { kind: 'cutOff', limit: 'outputTokens' });
    assert.equal(log.turn().parts.filter((part) => part.kind === 'notice').length, 1);
    const steps = new Log().own(submitted('c1')).in(said('t', 'x'), finished('max_steps'));
    assert.deepEqual(steps.turn().outcome, { kind: 'cutOff', limit: 'steps' });
  });
});

suite('stop', () => {
  const running = (): Log =>
    new Log().own(submitted('c1')).in(phase('streaming', ['r1']), said('t', 'so far', 1));

  test('stopping, then stopped by the answer, while the model still unwinds', () => {
    const log = running().own({ type: 'stopRequested' });
    assert.equal(log.turn().state, 'stopping');
    log.own({ type: 'stopConfirmed' });
    assert.deepEqual(log.turn().outcome, { kind: 'stopped' });
    assert.equal(log.state.unwindingTurnId, 'c1');
    assert.equal(log.state.currentTurnId, null);
  });

  test('what still comes of a stopped turn is kept with it, and neither reopens it nor begins another', () => {
    const log = running().own({ type: 'stopRequested' }, { type: 'stopConfirmed' });
    log.in(phase('streaming', ['r1']), said('t', ' more', 2), said('u', 'late', 3), called('late-call'));
    assert.equal(log.turns.length, 1);
    assert.equal(log.turn().state, 'ended');
    assert.equal(log.part('text', 't').text, 'so far more');
    assert.equal(log.part('tool').state, 'stopped');
    log.in(finished('cancelled', 'r1'));
    assert.equal(log.state.unwindingTurnId, null);
    assert.deepEqual(log.turn().outcome, { kind: 'stopped' });
  });

  test('a prompt while the model unwinds waits', () => {
    const log = running().own({ type: 'stopRequested' }, { type: 'stopConfirmed' }, submitted('c2'));
    assert.equal(log.state.queue.length, 1);
    log.in(finished('cancelled', 'r1'), echoed('c2'));
    assert.equal(log.turns.length, 2);
  });

  test('stop with nothing running does nothing', () => {
    const log = new Log().own({ type: 'stopRequested' }, { type: 'stopConfirmed' });
    assert.equal(log.turns.length, 0);
  });

  test('what waited is paused by the server', () => {
    const log = running().own(submitted('c2'));
    const item = { itemId: 'q', clientId: 'c2', text: 'c2' };
    log.in({ type: 'queueChanged', items: [{ ...item, isPaused: true }], removed: [] });
    assert.equal(log.state.queue[0]?.state, 'paused');
    log.in({ type: 'queueChanged', items: [], removed: [{ clientId: 'c2', disposition: 'cancelled' }] });
    assert.equal(log.state.queue.length, 0);
  });
});

suite('a lost connection', () => {
  test('ends the turn as interrupted, and what waited as not sent', () => {
    const log = new Log()
      .own(submitted('c1'))
      .in(said('t', 'x', 1), called('call'))
      .own(submitted('c2'));
    log.own({ type: 'connectionLost', message: 'gone' });
    assert.deepEqual(log.turn().outcome, { kind: 'interrupted', message: 'gone' });
    assert.equal(log.part('tool').state, 'stopped');
    assert.deepEqual(log.part('notice').actions, ['continue']);
    assert.equal(log.state.queue[0]?.state, 'unsent');
  });

  test('a prompt that nothing answered yet was not sent; sent again it is one message', () => {
    const log = new Log().own(submitted('c1'), { type: 'connectionLost', message: 'gone' });
    assert.equal(log.part('user').delivery, 'unsent');
    log.own(submitted('c1'));
    assert.equal(log.turns.length, 1);
    assert.equal(log.part('user').delivery, 'pending');
  });

  test('a turn that goes on over the next connection is taken up again', () => {
    const log = new Log().own(submitted('c1')).in(phase('streaming', ['r1']), said('t', 'a', 1));
    log.own({ type: 'connectionLost', message: 'gone' });
    log.from('B', device(true), phase('streaming', ['r1']), said('t', 'b', 2));
    assert.equal(log.turn().state, 'active');
    assert.equal(log.has('notice'), false);
    assert.equal(log.part('text').text, 'ab');
  });

  test('a rejected message says why and can be sent again', () => {
    const log = new Log().own(submitted('c1'), {
      type: 'messageRejected',
      clientId: 'c1',
      message: 'too long',
    });
    assert.equal(log.part('user').delivery, 'unsent');
    assert.equal(log.turn().state, 'ended');
    assert.deepEqual(log.part('notice').actions, ['sendAgain']);
    assert.equal(log.part('notice').text, 'too long');
    log.in(echoed('c1'));
    assert.equal(log.part('user').delivery, 'sent');
    assert.equal(log.turn().state, 'active');
  });
});

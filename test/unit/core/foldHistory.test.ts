import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import type { HistoryMessage } from '../../../src/core/lettaEvent.ts';
import {
  Log,
  called,
  device,
  finished,
  history,
  phase,
  returned,
  said,
  submitted,
  textRow,
  thought,
  userRow,
} from '../../support/coreLog.ts';

const call = (callId: string): HistoryMessage => ({
  kind: 'toolCall',
  at: null,
  callId,
  name: 'Bash',
  args: '{}',
});
const result = (callId: string, isError = false): HistoryMessage => ({
  kind: 'toolReturn',
  at: null,
  callId,
  isError,
  output: 'out',
});

suite('history', () => {
  test('a page makes turns', () => {
    const log = new Log().own(
      history(
        [userRow('m1', 'c1'), textRow('t1', 'one'), userRow('m2', null), call('x'), result('x')],
        'newest',
        'm1',
      ),
    );
    assert.deepEqual(
      log.turns.map((turn) => [turn.id, turn.parts.length]),
      [
        ['c1', 2],
        ['m2', 2],
      ],
    );
    assert.equal(log.state.transcript.hasOlder, true);
    assert.equal(log.state.historyBefore, 'm1');
    assert.equal(log.part('tool').state, 'done');
  });

  test('what was seen live keeps its times, its outcome and its order', () => {
    const log = new Log()
      .own(submitted('c1'))
      .in(phase('streaming'), thought('r', 'hm'), said('t', 'x'), called('a'));
    log.in(returned('a', 'boom', true), finished('max_steps'));
    const before = log.turn();
    log.own(history([userRow('m1', 'c1', 'c1'), textRow('t', 'x!'), call('a'), result('a', true)]));
    assert.deepEqual(log.turn().outcome, before.outcome);
    assert.deepEqual(log.turn().metrics, before.metrics);
    assert.equal(log.part('text').text, 'x!');
    assert.equal(log.part('reasoning').startedAt, 300);
    assert.equal(log.turns.length, 1);
  });

  test('a prompt on its way stays, last', () => {
    const log = new Log().own(submitted('c9'), history([userRow('m1', 'c1'), textRow('t1', 'one')]));
    assert.deepEqual(
      log.turns.map((turn) => turn.id),
      ['c1', 'c9'],
    );
    assert.equal(log.state.currentTurnId, 'c9');
  });

  test('a message that waited is in history: it waits no longer', () => {
    const log = new Log().own(submitted('c1')).in(phase('streaming'), said('t', 'x')).own(submitted('c2'));
    log.own(history([userRow('m1', 'c1'), textRow('t', 'x'), userRow('m2', 'c2')]));
    assert.equal(log.state.queue.length, 0);
    assert.deepEqual(
      log.turns.map((turn) => turn.id),
      ['c1', 'c2'],
    );
  });

  test('read while the server works, the newest turn runs, and deltas add to its text', () => {
    const log = new Log()
      .in(device(true), phase('streaming'))
      .own(history([userRow('m1', 'c1'), textRow('t', 'so ')]));
    assert.equal(log.turn().state, 'active');
    log.in(said('t', 'far', 7, 'r1'), finished('end_turn', 'r1'));
    assert.equal(log.part('text').text, 'so far');
    assert.deepEqual(log.turn().outcome, { kind: 'completed' });
  });

  test('a call that runs while history is read is shown running', () => {
    const log = new Log()
      .in(device(true), phase('runningTool'))
      .own(history([userRow('m1', 'c1'), call('x')]));
    assert.equal(log.part('tool').state, 'running');
    log.in(returned('x', 'ok'));
    assert.equal(log.part('tool').state, 'done');
  });

  test('a call without a result in an old turn is stopped, not running', () => {
    const log = new Log().own(
      history([userRow('m1', 'c1'), call('x'), userRow('m2', 'c2'), textRow('t', 'x')]),
    );
    assert.equal(log.part('tool').state, 'stopped');
  });

  test('copies that retries made are one message', () => {
    const log = new Log().own(
      history([
        userRow('m1', 'c1', 'hi'),
        userRow('m2', 'c2', 'hi'),
        userRow('m3', 'c3', 'hi'),
        textRow('t', 'x'),
      ]),
    );
    assert.deepEqual(
      log.turn().parts.map((part) => part.id),
      ['c1', 't'],
    );
    const live = new Log().own(submitted('c1', 'hi')).in(said('t1', 'half'), said('t2', 'whole'), finished());
    live.own(
      history([
        userRow('m1', 'c1', 'hi'),
        textRow('t1', 'half'),
        userRow('m2', 'x', 'hi'),
        textRow('t2', 'whole'),
      ]),
    );
    assert.deepEqual(
      live.turn().parts.map((part) => part.id),
      ['c1', 't1', 't2'],
    );
    assert.equal(live.turns.length, 1);
  });

  test('different prompts without a reply between them are one turn', () => {
    const log = new Log().own(
      history([userRow('m1', 'c1', 'a'), userRow('m2', 'c2', 'b'), textRow('t', 'x')]),
    );
    assert.equal(log.turns.length, 1);
    assert.equal(log.turn().parts.length, 3);
  });

  test('what the server dropped after a stop stays where it was', () => {
    const log = new Log().own(submitted('c1')).in(said('t1', 'partial', 1));
    log.own({ type: 'stopRequested' }, { type: 'stopConfirmed' }).in(finished('cancelled', 'r1'));
    log.own(submitted('c2')).in(said('t2', 'full', 1, 'r2'), finished('end_turn', 'r2'));
    log.own(history([userRow('m1', 'c1'), userRow('m2', 'c2'), textRow('t2', 'full')]));
    assert.deepEqual(
      log.turns.map((turn) => turn.parts.map((part) => part.id)),
      [
        ['c1', 't1'],
        ['c2', 't2'],
      ],
    );
  });

  test('older pages go before the rest, without repeating it', () => {
    const log = new Log().own(
      history([textRow('t1', 'one'), userRow('m2', 'c2'), textRow('t2', 'two')], 'newest', 't1'),
    );
    log.own(
      history(
        [userRow('m0', 'c0'), textRow('t0', 'zero'), userRow('m1', 'c1'), textRow('t1', 'one')],
        'older',
        'm0',
      ),
    );
    assert.deepEqual(
      log.turns.map((turn) => turn.parts.map((part) => part.id)),
      [
        ['c0', 't0'],
        ['c1', 't1'],
        ['c2', 't2'],
      ],
    );
    assert.equal(log.state.historyBefore, 'm0');
    log.own(history([], 'older', null));
    assert.equal(log.state.transcript.hasOlder, false);
  });

  test('a page that does not meet what is known replaces it', () => {
    const log = new Log().own(submitted('c1')).in(said('t1', 'one'), finished());
    log.own(history([userRow('m8', 'c8'), textRow('t8', 'eight')], 'newest', 'm8'));
    assert.deepEqual(
      log.turns.map((turn) => turn.id),
      ['c8'],
    );
    assert.equal(log.state.transcript.hasOlder, true);
  });

  test('a summary is told once', () => {
    const summed: HistoryMessage = { kind: 'compacted', at: null, id: 's', summary: 'sum' };
    const log = new Log().own(history([summed, userRow('m1', 'c1')]), history([summed, userRow('m1', 'c1')]));
    assert.deepEqual(
      log.turns.map((turn) => turn.id),
      ['s', 'c1'],
    );
  });
});

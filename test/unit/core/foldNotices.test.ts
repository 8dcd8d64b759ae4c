import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';
import { Log, finished, phase, said, submitted } from '../../support/coreLog.ts';

const running = (): Log => new Log().own(submitted('c1')).in(phase('streaming'));
const failed = (message: string, isTerminal = false): LettaEvent => ({
  type: 'failed',
  isTerminal,
  message,
  reason: 'modelError',
});
const retrying = (
  attempt: number,
  layer: 'model' | 'turn' = 'model',
  message = 'busy (429)',
): LettaEvent => ({
  type: 'retrying',
  layer,
  attempt,
  maxAttempts: 3,
  delayMs: 1000,
  message,
  reason: 'unknown',
});

suite('what is said about a turn', () => {
  test('attempts are one row, gone when the model answers', () => {
    const log = running().in(retrying(1), retrying(2));
    assert.equal(log.turn().parts.filter((part) => part.kind === 'notice').length, 1);
    assert.deepEqual(log.part('notice').retry, { attempt: 2, maxAttempts: 3, nextAt: log.at + 1000 });
    log.in(said('t', 'x'));
    assert.equal(log.has('notice'), false);
  });

  test('the outer loop retries with the reason that came before it', () => {
    const log = running().in(failed('the server had an error (500)'), retrying(1, 'turn', 'retrying...'));
    assert.equal(log.part('notice').text, 'the server had an error (500)');
  });

  test('a wrong key offers its fix at once', () => {
    const log = running().in(
      { ...failed('Incorrect API key (401)'), reason: 'unauthorised' } as LettaEvent,
      retrying(1, 'turn'),
    );
    assert.deepEqual(log.part('notice').actions, ['stopAndFixKey']);
  });

  test('where a part of the reply came before the retry, the row stays to explain it', () => {
    const log = running().in(said('t', 'half'), retrying(1), said('u', 'whole'), finished());
    assert.deepEqual(
      log.turn().parts.map((part) => part.kind),
      ['user', 'text', 'notice', 'text'],
    );
    assert.equal(log.part('notice').retry, null);
  });

  test('a bad end without words has those of the last error; the repeated one adds no row', () => {
    const log = running().in(
      failed('terminated'),
      retrying(3),
      finished('llm_api_error'),
      failed('terminated', true),
    );
    assert.deepEqual(log.turn().outcome, { kind: 'failed', reason: 'modelError', message: 'terminated' });
    assert.deepEqual(
      log.turn().parts.map((part) => part.kind),
      ['user', 'notice'],
    );
    assert.equal(log.turns.length, 1);
  });

  test('an error after the end gives words to the row that has none', () => {
    const log = running().in(finished('error'), failed('the disk is full', true));
    assert.equal(log.part('notice').text, 'the disk is full');
    assert.deepEqual(log.turn().outcome, {
      kind: 'failed',
      reason: 'modelError',
      message: 'the disk is full',
    });
    assert.equal(log.turns.length, 1);
  });

  test('an error outside a turn has a row of its own', () => {
    const log = new Log().in(failed('not a directory'), failed('bad mode'));
    assert.equal(log.turns.length, 1);
    assert.equal(log.turn().parts.length, 2);
    assert.equal(log.state.currentTurnId, null);
  });

  test('commands, summaries, words of the server and unknown events are rows', () => {
    const ran = { type: 'commandRan', id: 'compact', input: '/compact', isError: false } as const;
    const log = running().in(
      { ...ran, output: null },
      { ...ran, output: 'done' },
      { ...ran, output: 'again' },
    );
    log.in(
      { type: 'compacted', id: 's', summary: 'sum' },
      { type: 'notice', id: 'n', level: 'info', text: 'hi' },
    );
    log.in(
      { type: 'unknown', id: 'u', name: 'new_thing', json: '{}' },
      { type: 'subagentsChanged', running: 2 },
    );
    const rows = log
      .turn()
      .parts.flatMap((part) => (part.kind === 'notice' ? [[part.code, part.detail]] : []));
    assert.deepEqual(rows, [
      ['command', 'done'],
      ['command', 'again'],
      ['compacted', 'sum'],
      ['info', ''],
      ['unknown', '{}'],
    ]);
    assert.equal(log.state.runningSubagents, 2);
  });
});

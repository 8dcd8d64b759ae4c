import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';
import type { MemoryChange } from '../../../src/shared/transcript.ts';
import { Log, finished, phase, said, submitted } from '../../support/coreLog.ts';

const change = (from: string, to: string, added = 2, path = 'system/project.md'): MemoryChange => ({
  from,
  to,
  files: [{ path, added, removed: 0 }],
  canUndo: true,
  isUndone: false,
});
const remembered = (
  what: MemoryChange,
  place: { readonly runId?: string; readonly callId?: string } = {},
): LettaEvent => ({
  type: 'remembered',
  runId: place.runId ?? null,
  callId: place.callId ?? null,
  change: what,
});
const running = (): Log => new Log().own(submitted('c1')).in(phase('streaming'));
const rows = (log: Log, index = -1): readonly string[] =>
  log.turn(index).parts.flatMap((part) => (part.kind === 'notice' ? [part.text] : []));

suite('memory in the transcript', () => {
  test('changes since one version are one row, counted anew', () => {
    const log = running().own(remembered(change('v1', 'v2')), remembered(change('v1', 'v3', 3)));
    assert.deepEqual(rows(log), ['Remembered 3 lines in project.md']);
    assert.deepEqual(log.part('notice').actions, ['viewMemory', 'undoMemory']);
  });

  test('one line, removed lines and several files have their words', () => {
    const words = (files: MemoryChange['files']): readonly string[] =>
      rows(running().own(remembered({ ...change('v1', 'v2'), files })));
    const file = (path: string, added: number, removed: number) => ({ path, added, removed });
    assert.deepEqual(words([file('a.md', 1, 4)]), ['Remembered 1 line in a.md']);
    assert.deepEqual(words([file('a.md', 0, 1)]), ['Forgot 1 line in a.md']);
    assert.deepEqual(words([file('x/a.md', 0, 3)]), ['Forgot 3 lines in a.md']);
    assert.deepEqual(words([file('a.md', 1, 0), file('b.md', 0, 2), file('c.md', 3, 0)]), [
      'Remembered 4 lines in 3 files',
    ]);
  });

  test('it belongs to the turn of its run, also when the next one runs already', () => {
    const log = running()
      .in(said('t', 'x', 1, 'run-1'), finished())
      .own(submitted('c2'))
      .in(phase('streaming', ['run-2']));
    log.own(remembered(change('v1', 'v2'), { runId: 'run-1' }));
    assert.deepEqual(rows(log, 0), ['Remembered 2 lines in project.md']);
    assert.deepEqual(rows(log, 1), []);
  });

  test('what came and went is no row', () => {
    const log = running().own(remembered(change('v1', 'v2')));
    log.own(remembered({ ...change('v1', 'v3'), files: [] }));
    assert.deepEqual(rows(log), []);
  });

  test('undone is shown, stays, and is of that very change', () => {
    const log = running().own(remembered(change('v1', 'v2')));
    log.own({ type: 'memoryUndone', from: 'v1', to: 'other' });
    assert.equal(log.part('notice').memory?.isUndone, false);
    log.own({ type: 'memoryUndone', from: 'v1', to: 'v2' }, remembered(change('v1', 'v2')));
    assert.equal(log.part('notice').memory?.isUndone, true);
    assert.deepEqual(log.part('notice').actions, ['viewMemory']);
    log.own(remembered(change('v1', 'v3')));
    assert.equal(log.part('notice').memory?.isUndone, false, 'more was remembered after it');
  });

  test('history puts its row behind the call, and adds none where there is one', () => {
    const call: LettaEvent = {
      type: 'toolCalled',
      callId: 'call',
      name: 'memory',
      args: '{}',
      isWhole: true,
      order: null,
    };
    const log = running().in(call, said('t', 'x'), finished());
    log.own(remembered(change('v1', 'v2'), { callId: 'call' }));
    assert.deepEqual(
      log.turn().parts.map((part) => part.kind),
      ['user', 'tool', 'notice', 'text'],
    );
    log.own(
      remembered(change('v0', 'v2'), { callId: 'call' }),
      remembered(change('v0', 'v2'), { callId: 'no' }),
    );
    assert.equal(rows(log).length, 1);
  });

  test('what cannot be undone does not offer it', () => {
    const log = running().own(remembered({ ...change('v1', 'v2'), canUndo: false }));
    assert.deepEqual(log.part('notice').actions, ['viewMemory']);
  });

  test('hidden characters of a name are shown', () => {
    const log = running().own(remembered(change('v1', 'v2', 2, 'system/a\u202e\nb.md')));
    assert.deepEqual(rows(log), ['Remembered 2 lines in a\\u{202e}\\u{a}b.md']);
  });

  test('that the server says so is no row by itself', () => {
    assert.equal(
      running()
        .in({ type: 'memoryChanged', paths: ['a.md'] })
        .has('notice'),
      false,
    );
  });
});

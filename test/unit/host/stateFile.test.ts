import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { DraftStore } from '../../../src/host/draftStore.ts';
import { StateFile } from '../../../src/host/stateFile.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';

suite('what a window finds again', () => {
  let folder = '';
  const logger = new FakeLogger();

  setup(async () => {
    folder = await mkdtemp(join(tmpdir(), 'letta-state-'));
  });

  teardown(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('two windows of one folder keep each other\u2019s drafts, and the newer of one they share', async () => {
    const first = new StateFile(folder, logger);
    const second = new StateFile(folder, logger);
    const mine = new DraftStore(first);
    const others = new DraftStore(second);
    mine.set('a', 'from the first');
    mine.set('shared', 'older');
    await first.flushed();
    others.set('b', 'from the second');
    others.set('shared', 'older');
    others.set('shared', 'newer');
    second.set('current', { newId: 'n' });
    await second.flushed();
    mine.set('a', 'from the first again');
    await first.flushed();
    const state = new StateFile(folder, logger);
    const later = new DraftStore(state);
    assert.deepEqual(
      ['a', 'b', 'shared'].map((key) => later.get(key).text),
      ['from the first again', 'from the second', 'newer'],
    );
    assert.deepEqual(state.get('current'), { newId: 'n' });
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { INITIAL_FOLD } from '../../../src/core/foldState.ts';
import { reduce } from '../../../src/core/reduce.ts';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';

const fold = (events: readonly LettaEvent[]) =>
  events.reduce((state, event) => reduce(state, { event, at: 1, stamp: null }).state, INITIAL_FOLD)
    .transcript;

suite('what could not be read', () => {
  test('is one row of the turn, with what helps, however often it happens', () => {
    const { turns } = fold([
      { type: 'messageSubmitted', clientId: 'c', text: 'Hi', attachments: [] },
      { type: 'unreadable' },
      { type: 'unreadable' },
    ]);
    const rows = turns[0]?.parts.filter((part) => part.kind === 'notice') ?? [];
    assert.deepEqual(
      rows.map(({ level, actions }) => [level, actions]),
      [['warning', ['readAgain', 'showLog']]],
    );
    assert.match(rows[0]?.text ?? '', /could not be read/);
  });

  test('outside of a turn it stands in a row of its own', () => {
    const { turns } = fold([{ type: 'unreadable' }, { type: 'unreadable' }]);
    assert.equal(turns.length, 1);
    assert.equal(turns[0]?.parts.length, 1);
  });
});

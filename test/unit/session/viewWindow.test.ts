import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import fc from 'fast-check';
import { ViewWindow, WINDOW_TURNS } from '../../../src/core/viewWindow.ts';
import { applyPatches, type TranscriptPatch } from '../../../src/shared/patch.ts';
import { NO_METRICS, type Transcript, type Turn } from '../../../src/shared/transcript.ts';

const turn = (id: string, text = ''): Turn => ({
  id,
  state: 'ended',
  outcome: { kind: 'completed' },
  metrics: NO_METRICS,
  parts: [{ kind: 'text', id: `${id}-text`, text }],
});

const turns = (from: number, to: number): Turn[] =>
  Array.from({ length: to - from }, (_, index) => turn(`t${String(from + index)}`));

suite('view window', () => {
  test('a view gets the newest turns and is told that there are older ones', () => {
    const shown = new ViewWindow().open({ turns: turns(0, 100), hasOlder: false });
    assert.equal(shown.turns.length, WINDOW_TURNS);
    assert.equal(shown.turns[0]?.id, `t${String(100 - WINDOW_TURNS)}`);
    assert.ok(shown.hasOlder);
  });

  test('older turns come from memory until the first, then the server has to be asked', () => {
    const window = new ViewWindow();
    const whole: Transcript = { turns: turns(0, 70), hasOlder: true };
    let shown = window.open(whole);
    for (;;) {
      const patch = window.older(whole);
      if (patch === null) break;
      shown = applyPatches(shown, [patch]);
    }
    assert.deepEqual(shown, whole);
  });

  test('a page from the server that does not join what is shown waits for its turn', () => {
    const window = new ViewWindow();
    const whole: Transcript = { turns: turns(30, 100), hasOlder: true };
    window.open(whole);
    const page: TranscriptPatch = { op: 'prepend', turns: turns(0, 30), hasOlder: false };
    assert.deepEqual(window.filter([page], applyPatches(whole, [page])), []);
  });

  // Shown red by letting patches of turns outside the window through.
  test('whatever happens to the transcript, the view holds its newest part', () => {
    const change = fc.record({
      index: fc.nat(60),
      kind: fc.constantFrom('append', 'add', 'remove', 'reset', 'older'),
    });
    fc.assert(
      fc.property(fc.nat(50), fc.array(change, { maxLength: 30 }), (count, changes) => {
        const window = new ViewWindow();
        let whole: Transcript = { turns: turns(0, count), hasOlder: true };
        let shown = window.open(whole);
        changes.forEach(({ index, kind }, step) => {
          const patch = patchFor(whole, kind, index, step);
          if (patch === null) return;
          whole = applyPatches(whole, [patch]);
          shown = applyPatches(shown, window.filter([patch], whole));
        });
        assert.deepEqual(shown.turns, whole.turns.slice(whole.turns.length - shown.turns.length));
        assert.ok(shown.turns.length >= Math.min(1, whole.turns.length));
      }),
      { numRuns: 500 },
    );
  });
});

function patchFor(whole: Transcript, kind: string, index: number, step: number): TranscriptPatch | null {
  const at = whole.turns[index % Math.max(1, whole.turns.length)];
  switch (kind) {
    case 'append': {
      const part = at?.parts[0];
      if (at === undefined || part?.kind !== 'text') return null;
      return { op: 'append', turnId: at.id, partId: part.id, offset: part.text.length, text: 'x' };
    }
    case 'add':
      return { op: 'addTurn', turn: turn(`new${String(step)}`), beforeId: null };
    case 'remove':
      return at === undefined || whole.turns.length < 2 ? null : { op: 'removeTurn', turnId: at.id };
    case 'reset':
      return {
        op: 'reset',
        transcript: { turns: whole.turns.map((one) => turn(one.id, 'reset')), hasOlder: true },
      };
    default:
      return { op: 'prepend', turns: [turn(`old${String(step)}`)], hasOlder: true };
  }
}

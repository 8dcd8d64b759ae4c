import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { lineChanges } from '../../../src/core/lineChanges.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });

/** By trying everything: the most lines of `a` that stand in `b` in the same order. */
function common(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined) return 0;
  const at = b.indexOf(first);
  const without = common(rest, b);
  return at < 0 ? without : Math.max(without, 1 + common(rest, b.slice(at + 1)));
}

suite('counting changed lines', () => {
  test('counts what a diff would show', () => {
    assert.deepEqual(lineChanges('', 'one\ntwo\n'), { added: 2, removed: 0 });
    assert.deepEqual(lineChanges('one\ntwo\n', ''), { added: 0, removed: 2 });
    assert.deepEqual(lineChanges('one\ntwo\n', 'one\nTWO\nthree\n'), { added: 2, removed: 1 });
    assert.deepEqual(lineChanges('same\n', 'same\n'), { added: 0, removed: 0 });
  });

  test('a line that gets its line feed is changed, as Git sees it', () => {
    assert.deepEqual(lineChanges('one', 'one\n'), { added: 1, removed: 1 });
    assert.deepEqual(lineChanges('one', 'one\ntwo'), { added: 2, removed: 1 });
  });

  test('is the least there can be, for any texts', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const text = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
        const kept = common(a, b);
        assert.deepEqual(lineChanges(text(a), text(b)), { added: b.length - kept, removed: a.length - kept });
      }),
    );
  });

  test('a text too big to be compared is counted in moderate time, and adds up', () => {
    const before = Array.from({ length: 20_000 }, (_, index) => `old ${String(index)}\n`).join('');
    const after = Array.from({ length: 30_000 }, (_, index) => `new ${String(index)}\n`).join('');
    assert.deepEqual(lineChanges(before, after), { added: 30_000, removed: 20_000 });
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import fc from 'fast-check';
import { approvalDigest } from '../../../src/shared/approvalDigest.ts';
import { visible } from '../../../src/shared/visible.ts';

/** RELIABILITY V9: ranges of code points that hide or reorder text, written out a second time on purpose. */
const HIDDEN_RANGES: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

suite('visible text', () => {
  test('every hidden code point is shown as an escape', () => {
    let count = 0;
    for (const [from, to] of HIDDEN_RANGES) {
      for (let code = from; code <= to; code++) {
        const shown = visible(`a${String.fromCodePoint(code)}b`);
        assert.equal(shown.text, `a\\u{${code.toString(16)}}b`);
        assert.equal(shown.hiddenCount, 1);
        count++;
      }
    }
    assert.ok(count >= 4229, `${String(count)} code points`);
  });

  test('tab, line feed and ordinary text stay as they are', () => {
    const text = 'ls\t-la\n# naïve 日本語 👍';
    assert.deepEqual(visible(text), { text, hiddenCount: 0 });
  });

  test('two inputs that differ have different digests', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        assert.equal(approvalDigest(a) === approvalDigest(b), a === b);
      }),
    );
  });
});

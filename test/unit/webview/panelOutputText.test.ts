import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { outputTail } from '../../../webview/view/outputText.ts';

suite('tail of an output', () => {
  test('the last lines, and how many come before', () => {
    assert.deepEqual(outputTail('a\nb\nc\n', 2), { text: 'b\nc', earlierLines: 1, isCut: true });
    assert.deepEqual(outputTail('a\nb', 5), { text: 'a\nb', earlierLines: 0, isCut: false });
    assert.deepEqual(outputTail('', 5), { text: '', earlierLines: 0, isCut: false });
    assert.deepEqual(outputTail('\n\nx', 2), { text: '\nx', earlierLines: 1, isCut: true });
  });

  test('as splitting it into lines', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('', 'a', 'bc'), { minLength: 1 }),
        fc.integer({ min: 1, max: 6 }),
        (lines, max) => {
          const output = `${lines.join('\n')}\n`;
          const tail = outputTail(output, max);
          assert.equal(tail.text, lines.slice(-max).join('\n'));
          assert.equal(tail.earlierLines, Math.max(0, lines.length - max));
        },
      ),
    );
  });

  test('terminal codes go, rewritten lines show their last state, hidden characters are escapes', () => {
    assert.equal(
      outputTail('\u001b[32mok\u001b[0m \u001b]8;;https://x\u0007link\u001b]8;;\u0007', 5).text,
      'ok link',
    );
    assert.equal(outputTail('10 %\r50 %\r100 %\r\ndone\r\n', 5).text, '100 %\ndone');
    assert.equal(outputTail('a\u202eb\u0007', 5).text, 'a\\u{202e}b\\u{7}');
  });

  test('one endless line is cut at its end', () => {
    const tail = outputTail(`${'x'.repeat(100_000)}END`, 5);
    assert.ok(tail.text.length <= 20_000 && tail.text.endsWith('END') && tail.isCut);
  });
});

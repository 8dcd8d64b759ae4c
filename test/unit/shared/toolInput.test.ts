import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import {
  diffCounts,
  inputMember,
  parseInput,
  toolDiffs,
  toolKind,
  toolSubject,
} from '../../../src/shared/toolInput.ts';
import { tool } from '../../support/panelParts.ts';

suite('tool input', () => {
  test('kinds by name, whatever the case; unknown tools are other', () => {
    assert.deepEqual(['Bash', 'read', 'Edit', 'WRITE', 'Grep', 'constructor', 'mystery'].map(toolKind), [
      'command',
      'read',
      'edit',
      'write',
      'search',
      'other',
      'other',
    ]);
  });

  test('only whole JSON objects are inputs', () => {
    assert.deepEqual(parseInput('{"a":1} '), { a: 1 });
    for (const json of ['', '{"a":', '[{}]', 'null', '{"a"}', '"}"']) assert.equal(parseInput(json), null);
  });

  test('a member is found while the input still grows, with its escapes', () => {
    const whole = JSON.stringify({ file_path: 'a"b\\c.ts', content: 'x'.repeat(9000) });
    for (const length of [30, 500, 8000, whole.length]) {
      assert.equal(inputMember(whole.slice(0, length), ['path', 'file_path']), 'a"b\\c.ts');
    }
    assert.equal(inputMember('{"file_path":"half', ['file_path']), '');
    assert.equal(inputMember('{"file_path":5}', ['file_path']), '');
  });

  test('the subject of a row', () => {
    assert.equal(toolSubject(tool('t', 'Bash', { command: 'npm test' })), 'npm test');
    assert.equal(toolSubject(tool('t', 'Read', { file_path: 'src/a/b.ts' })), 'b.ts');
    assert.equal(toolSubject(tool('t', 'Write', { file_path: 'c:\\x\\y.ts' })), 'y.ts');
    assert.equal(toolSubject(tool('t', 'Grep', { pattern: 'foo' })), 'foo');
    assert.equal(toolSubject(tool('t', 'mystery', {})), 'mystery');
  });

  test('without a preview an edit shows the lines it changes, a write all it writes', () => {
    const edit = toolDiffs(
      tool('t', 'Edit', { file_path: 'a.ts', old_string: 'a\nb\nc\nd', new_string: 'a\nb\nX\nY\nd' }),
    );
    assert.deepEqual(
      edit[0]?.hunks[0]?.lines.map(({ type, text }) => `${type} ${text}`),
      ['context a', 'context b', 'remove c', 'add X', 'add Y', 'context d'],
    );
    assert.deepEqual(diffCounts(edit), { added: 2, removed: 1 });
    assert.deepEqual(diffCounts(toolDiffs(tool('t', 'Write', { file_path: 'a', content: 'one\ntwo\n' }))), {
      added: 2,
      removed: 0,
    });
    assert.deepEqual(toolDiffs(tool('t', 'Bash', { command: 'ls' })), []);
    assert.deepEqual(toolDiffs(tool('t', 'Edit', { file_path: 'a' })), []);
  });

  test('a repeated line is not counted twice', () => {
    assert.deepEqual(
      diffCounts(toolDiffs(tool('t', 'Edit', { file_path: 'a', old_string: 'x', new_string: 'x\nx' }))),
      { added: 1, removed: 0 },
    );
    assert.deepEqual(
      diffCounts(toolDiffs(tool('t', 'Edit', { file_path: 'a', old_string: 'x\nx', new_string: '' }))),
      { added: 0, removed: 2 },
    );
  });

  test('the preview of the server goes first; one that cannot be shown says why', () => {
    const hunk = { oldStart: 1, newStart: 1, lines: [{ type: 'add', text: 'server' }] } as const;
    const approval = {
      requestId: 'r',
      state: 'pending',
      input: '{"command":"x"}',
      reason: '',
      index: 1,
      total: 1,
    } as const;
    const preview = { path: 'a', unpreviewable: '', hunks: [hunk] };
    const part = tool('t', 'Edit', {}, { approval: { ...approval, diffs: [preview] } });
    assert.deepEqual(toolDiffs(part), [preview]);
    const blind = { path: 'a', unpreviewable: 'too large', hunks: [] };
    assert.deepEqual(toolDiffs(tool('t', 'Edit', {}, { approval: { ...approval, diffs: [blind] } })), [
      blind,
    ]);
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { listProblems } from '../../../scripts/lib/vsix.ts';

suite('the file list of the package', () => {
  const patterns = ['extension/package.json', 'extension/dist/runtime/skills/**'];

  test('a package that matches has no problems', () => {
    const names = ['extension/package.json', 'extension/dist/runtime/skills/a/SKILL.md'];
    assert.deepEqual(listProblems(names, patterns), []);
  });

  test('a file too many and a file that is missing are named', () => {
    const names = ['extension/package.json', 'extension/src/secret.ts'];
    assert.deepEqual(listProblems(names, patterns), [
      'not in the file list: extension/src/secret.ts',
      'in the file list, not in the package: extension/dist/runtime/skills/**',
    ]);
  });
});

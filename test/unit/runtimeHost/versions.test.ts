import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { BoundedLog } from '../../../src/runtimeHost/boundedLog.ts';
import { removeUnusedVersions, useVersion } from '../../../src/runtimeHost/versions.ts';

const DEAD = 2 ** 22 + 1;

suite('the versions of the programs', () => {
  let folder: string;
  const dir = (name: string): string => join(folder, 'versions', name);

  setup(() => {
    folder = mkdtempSync(join(tmpdir(), 'letta-versions-'));
    for (const name of ['own', 'live', 'dead', 'old']) mkdirSync(dir(name), { recursive: true });
  });

  teardown(() => {
    rmSync(folder, { recursive: true });
  });

  test('one that a live broker runs from is never removed, the others are', () => {
    useVersion(dir('live'));
    useVersion(dir('live'), DEAD);
    useVersion(dir('dead'), DEAD);
    removeUnusedVersions(dir('own'), new BoundedLog(join(folder, 'log')));
    assert.deepEqual(readdirSync(join(folder, 'versions')), ['live', 'own']);
  });
});

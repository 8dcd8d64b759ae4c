import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { forgetRuntime, formerRuntimeEnded, noteRuntime } from '../../../src/runtimeHost/formerRuntime.ts';

suite('the runtime of a broker that died', () => {
  let folder: string;

  suiteSetup(() => {
    folder = mkdtempSync(join(tmpdir(), 'letta-former-'));
  });

  suiteTeardown(() => {
    rmSync(folder, { recursive: true });
  });

  test('is waited for until it is gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    noteRuntime(folder, child.pid ?? 0);
    let isGone = false;
    child.once('exit', () => (isGone = true));
    const waiting = formerRuntimeEnded(folder);
    child.kill('SIGKILL');
    await waiting;
    assert.ok(isGone, 'not before its end');
    assert.ok(!existsSync(join(folder, 'runtime.pid')));
  });

  test('that ended in order, or whose note is not readable, is not waited for', async () => {
    noteRuntime(folder, process.pid);
    forgetRuntime(folder);
    await formerRuntimeEnded(folder);
    writeFileSync(join(folder, 'runtime.pid'), 'not a number');
    await formerRuntimeEnded(folder);
  });
});

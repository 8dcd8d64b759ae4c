import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup, suite, teardown, test } from 'mocha';
import { ROOT } from '../../../scripts/lib/paths.ts';

/** Imports the function by name before it is replaced, as bundles do, and writes until it is killed. */
const WRITER = `
  import { writeFileSync } from 'node:fs';
  const { writeWholeFiles } = await import(process.env.MODULE);
  writeWholeFiles(process.env.FOLDER);
  const record = JSON.stringify({ id: 'conv-1', messages: Array.from({ length: 200 }, (_, n) => 'ui-msg-' + n) });
  writeFileSync(process.env.FOLDER + '/record.json', record);
  writeFileSync(process.env.FOLDER + '/other.txt', 'x');
  process.send('ready');
  for (;;) writeFileSync(process.env.FOLDER + '/record.json', record);
`;

suite('records of Letta Code', () => {
  let folder = '';

  setup(() => {
    folder = mkdtempSync(join(tmpdir(), 'letta-whole-'));
  });

  teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function isWholeAfterKill(): Promise<boolean> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER], {
      env: {
        ...process.env,
        FOLDER: folder,
        MODULE: pathToFileURL(join(ROOT, 'src/runtimeHost/wholeWrites.ts')).href,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await new Promise((resolve) => child.once('message', resolve));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    try {
      JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'));
      return true;
    } catch {
      return false;
    }
  }

  test('are whole after a kill in the middle of a write', async function () {
    this.timeout(30_000);
    for (let round = 0; round < 12; round++) assert.ok(await isWholeAfterKill(), `round ${String(round)}`);
    assert.ok(readdirSync(folder).includes('other.txt'), 'other files are written as ever');
  });
});

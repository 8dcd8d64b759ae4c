import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { cached } from '../../../scripts/lib/cache.ts';

suite('the cache of downloads', () => {
  let root: string;
  let before: string | undefined;

  setup(async () => {
    root = await mkdtemp(join(tmpdir(), 'letta-cache-'));
    before = process.env['LETTA_VSCODE_CACHE'];
    process.env['LETTA_VSCODE_CACHE'] = root;
  });

  teardown(async () => {
    if (before === undefined) delete process.env['LETTA_VSCODE_CACHE'];
    else process.env['LETTA_VSCODE_CACHE'] = before;
    await rm(root, { recursive: true });
  });

  /** Fills with two files, and counts how often it was asked to. */
  function counted(): { fills: number; fill: (folder: string) => Promise<void> } {
    const counter = {
      fills: 0,
      fill: async (folder: string) => {
        counter.fills += 1;
        await writeFile(join(folder, 'a'), String(counter.fills));
        await writeFile(join(folder, 'b'), 'b');
      },
    };
    return counter;
  }

  test('what is complete is used again', async () => {
    const counter = counted();
    await cached('thing', 'sha512-1', counter.fill);
    const folder = await cached('thing', 'sha512-1', counter.fill);
    assert.equal(counter.fills, 1);
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), '1');
  });

  test('another content wanted, or a lost file, makes it anew', async () => {
    const counter = counted();
    const folder = await cached('thing', 'sha512-1', counter.fill);
    await cached('thing', 'sha512-2', counter.fill);
    assert.equal(counter.fills, 2);
    await rm(join(folder, 'b'));
    await cached('thing', 'sha512-2', counter.fill);
    assert.equal(counter.fills, 3);
    assert.deepEqual((await readdir(folder)).toSorted(), ['.complete.json', 'a', 'b']);
  });

  test('two at once install once', async () => {
    const counter = counted();
    await Promise.all([cached('thing', 'x', counter.fill), cached('thing', 'x', counter.fill)]);
    assert.equal(counter.fills, 1);
  });

  test('a failed install leaves nothing behind and its reason is told', async () => {
    await assert.rejects(
      cached('thing', 'x', async (folder) => {
        await writeFile(join(folder, 'half'), '');
        throw new Error('no network');
      }),
      /no network/,
    );
    assert.deepEqual(await readdir(root), []);
  });

  test('the lock of a process that is gone does not hold anyone up', async () => {
    // Above the largest pid Linux gives out.
    await writeFile(join(root, 'thing.lock'), '4194305');
    const counter = counted();
    await cached('thing', 'x', counter.fill);
    assert.equal(counter.fills, 1);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { Lock } from '../../../src/runtimeHost/lock.ts';

const DEAD = 2 ** 22 + 1;

suite('the lock of the broker', () => {
  let folder: string;
  const servers: Server[] = [];
  const holder = (
    token: string,
    port = 9,
    pid = process.pid,
  ): { port: number; pid: number; token: string; version: string } => ({
    port,
    pid,
    token,
    version: '1',
  });

  setup(() => {
    folder = mkdtempSync(join(tmpdir(), 'letta-lock-'));
  });

  teardown(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Answers as a broker with this token does. */
  async function serve(token: string): Promise<number> {
    const server = createServer((request, response) => {
      response.statusCode = request.headers.authorization === `Bearer ${token}` ? 200 : 401;
      response.end(String(process.pid));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port; // of a TCP server that listens
  }

  test('a holder that answers keeps it', async () => {
    const first = new Lock(folder, holder('one', await serve('one')));
    assert.equal(await first.take(), true);
    assert.equal(await new Lock(folder, holder('two')).take(), false);
    assert.equal(first.isHeld(), true);
  });

  test('a released one can be taken, and only its holder releases it', async () => {
    const first = new Lock(folder, holder('one', await serve('one')));
    const second = new Lock(folder, holder('two'));
    await first.take();
    second.release();
    assert.equal(first.isHeld(), true);
    first.release();
    assert.equal(first.isHeld(), false);
    assert.equal(await second.take(), true);
  });

  test('one of a dead process, of a stranger with the same pid, and a broken one are taken over by exactly one', async () => {
    const strangersPort = await serve('another token');
    const stale = [holder('old', 9, DEAD), holder('old', 9), holder('old', strangersPort)].map((one) =>
      JSON.stringify(one),
    );
    for (const content of [...stale, '', '{']) {
      writeFileSync(join(folder, 'lock'), content);
      const locks = Array.from({ length: 8 }, (_, index) => new Lock(folder, holder(`new-${String(index)}`)));
      const taken = await Promise.all(locks.map((lock) => lock.take()));
      assert.equal(taken.filter(Boolean).length, 1, content);
      assert.deepEqual(
        taken,
        locks.map((lock) => lock.isHeld()),
      );
      assert.deepEqual(readdirSync(folder), ['lock']);
    }
  });

  test('a takeover that broke off does not block for ever', async () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify(holder('old', 9, DEAD)));
    const takeover = join(folder, 'lock.takeover');
    writeFileSync(takeover, '');
    assert.equal(await new Lock(folder, holder('new')).take(), false);
    utimesSync(takeover, new Date(0), new Date(0));
    assert.equal(await new Lock(folder, holder('new')).take(), true);
  });
});

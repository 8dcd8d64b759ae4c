import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { WebSocket } from 'ws';
import { LettaError } from '../../src/core/lettaConnection.ts';
import { RuntimeClient } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

suite('the life of the local runtime', function () {
  this.timeout(45_000);
  let fixture: RuntimeFixture;

  setup(async () => {
    fixture = await RuntimeFixture.create();
  });

  teardown(() => fixture.dispose());

  test('six windows at once start one broker, and all can talk to it', async () => {
    const links = await Promise.all(Array.from({ length: 6 }, () => fixture.connect()));
    assert.deepEqual(
      fixture
        .processes()
        .map(({ kind }) => kind)
        .filter((kind) => kind === 'runtime'),
      ['runtime'],
    );
    const infos = await Promise.all(
      links.map((link) => new RuntimeClient(link).request({ type: 'app_server_info' })),
    );
    assert.deepEqual(new Set(infos.map((info) => info['success'])), new Set([true]));
    assert.equal(
      new Set(links.map(({ state }) => (state.kind === 'open' ? state.epoch : state.kind))).size,
      1,
    );
  });

  test('a killed runtime comes back in a new epoch, and who waited for an answer got one', async () => {
    const link = await fixture.connect();
    const client = new RuntimeClient(link);
    const before = link.state;
    const pid = fixture.pidOf('runtime');
    // Stopped, so that it cannot answer before it is killed.
    process.kill(pid, 'SIGSTOP');
    const answer = client.request({ type: 'list_models', force: true });
    const restarting = client.state('restarting');
    // An answer to a later message on the same socket proves that it has the request.
    await link.startDemo();
    process.kill(pid, 'SIGKILL');
    assert.equal((await restarting).kind, 'restarting');
    assert.deepEqual(
      { type: (await answer)['type'], success: (await answer)['success'] },
      { type: 'list_models_response', success: false },
    );
    const after = await client.state('open');
    assert.ok(before.kind === 'open' && after.kind === 'open' && before.epoch !== after.epoch);
    assert.equal((await client.request({ type: 'app_server_info' }))['success'], true);
  });

  test('the fourth end within three minutes is the last, until a person tries again', async () => {
    const link = await fixture.connect();
    const client = new RuntimeClient(link);
    for (const attempt of [1, 2, 3]) {
      const restarting = client.state('restarting');
      process.kill(fixture.pidOf('runtime'), 'SIGKILL');
      const state = await restarting;
      assert.ok(state.kind === 'restarting' && state.attempt === attempt);
      await client.state('open');
    }
    const closed = client.state('closed');
    process.kill(fixture.pidOf('runtime'), 'SIGKILL');
    const state = await closed;
    assert.ok(state.kind === 'closed' && state.error.reason === 'runtimeGaveUp');
    const log = /Its log: (.*)$/.exec(state.error.message)?.[1] ?? '';
    assert.match(await readFile(log, 'utf8'), /SIGKILL/);
    const again = await fixture.connect();
    assert.equal((await new RuntimeClient(again).request({ type: 'app_server_info' }))['success'], true);
  });

  test('restarting on request gives a new epoch', async () => {
    const link = await fixture.connect();
    const before = link.state;
    await link.restartRuntime();
    assert.ok(before.kind === 'open' && link.state.kind === 'open' && before.epoch !== link.state.epoch);
  });

  test('a killed broker takes the runtime and the demo with it, and the next window starts anew', async () => {
    const link = await fixture.connect();
    await link.startDemo();
    const client = new RuntimeClient(link);
    const closed = client.state('closed');
    process.kill(fixture.pidOf('broker'), 'SIGKILL');
    const state = await closed;
    assert.ok(state.kind === 'closed' && state.error.reason === 'connectionLost');
    assert.throws(() => {
      link.send({ type: 'app_server_info' });
    }, LettaError);
    await fixture.untilGone(['runtime', 'demo'], 3_000);
    const again = new RuntimeClient(await fixture.connect());
    assert.equal((await again.request({ type: 'app_server_info' }))['success'], true);
  });

  test('the demo keeps its address over a restart', async () => {
    const link = await fixture.connect();
    const before = await link.startDemo();
    await link.shutdown();
    await fixture.untilGone(['broker', 'runtime', 'demo'], 5_000);
    assert.deepEqual(await (await fixture.connect()).startDemo(), before);
  });

  for (const [what, pid] of [
    ['a process that is gone', 2 ** 22 + 1],
    ['another program that has the pid now', process.pid],
  ] as const) {
    test(`a lock of ${what} is taken over by exactly one`, async () => {
      await mkdir(fixture.stateDir, { recursive: true });
      const stale = JSON.stringify({ port: 9, pid, token: 'old', version: 'old' });
      await writeFile(join(fixture.stateDir, 'lock'), stale);
      await writeFile(join(fixture.stateDir, 'server.json'), stale);
      await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()]);
      assert.equal(fixture.processes().filter(({ kind }) => kind === 'runtime').length, 1);
      assert.equal((await fixture.serverFile()).pid, fixture.pidOf('broker'));
    });
  }

  test('after the grace period without a window nothing runs and nothing lies about', async () => {
    const link = await fixture.connect({ graceMs: 300 });
    await link.startDemo();
    link.dispose();
    await fixture.untilGone(['broker', 'runtime', 'demo'], 8_000);
    const left = await readdir(fixture.stateDir);
    assert.deepEqual(
      left.filter((name) => ['lock', 'server.json', 'runtime-token'].includes(name)),
      [],
    );
  });

  test('a broker that is asked by the system to end takes all with it', async () => {
    const client = new RuntimeClient(await fixture.connect());
    const closed = client.state('closed');
    process.kill(fixture.pidOf('broker'), 'SIGTERM');
    await closed;
    await fixture.untilGone(['broker', 'runtime'], 5_000);
  });

  test('another version takes the place of a broker that nobody needs, and uses one that is needed', async () => {
    const old = await fixture.connect({ version: '0.0.0-old' });
    const beside = await fixture.connect({ version: '0.0.1-new' });
    assert.match(beside.hello.version, /^0\.0\.0-old/);
    old.dispose();
    beside.dispose();
    const alone = await fixture.connect({ version: '0.0.1-new' });
    assert.match(alone.hello.version, /^0\.0\.1-new/);
    assert.deepEqual((await readdir(join(fixture.stateDir, 'versions'))).length, 1);
  });

  test('only who has the token is let in, and never a web page', async () => {
    await fixture.connect();
    const { port, token } = await fixture.serverFile();
    const right = { Authorization: `Bearer ${token}` };
    assert.equal(await statusOf(port, {}), 401);
    assert.equal(await statusOf(port, { Authorization: 'Bearer wrong' }), 401);
    assert.equal(await statusOf(port, { ...right, Origin: 'https://evil.example' }), 403);
    assert.equal(await statusOf(port, { ...right, Host: `evil.example:${String(port)}` }), 403);
    assert.equal(await statusOf(port, right), 101);
    assert.equal(await identityStatus(port, 'wrong'), 401);
    for (const name of ['server.json', 'lock', 'runtime-token']) {
      assert.equal((await stat(join(fixture.stateDir, name))).mode & 0o777, 0o600, name);
    }
  });

  test('a window that sends nonsense is not the end of the broker', async () => {
    const link = await fixture.connect();
    const { port, token } = await fixture.serverFile();
    const socket = new WebSocket(`ws://127.0.0.1:${String(port)}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    await new Promise((resolve) => socket.once('message', resolve));
    for (const text of ['{', 'null', '[1]', '5', '{"frame":3}', '{"broker":{"type":"explode","id":1}}'])
      socket.send(text);
    socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal((await new RuntimeClient(link).request({ type: 'app_server_info' }))['success'], true);
  });

  test('without Git it says so before anything else', async () => {
    const empty = join(fixture.root, 'empty');
    await mkdir(empty);
    await assert.rejects(fixture.connect({ env: { PATH: empty } }), (error) => {
      assert.ok(error instanceof LettaError && error.reason === 'gitMissing');
      assert.match(error.message, /Install/);
      return true;
    });
    assert.deepEqual(fixture.processes(), []);
    await assert.rejects(stat(fixture.stateDir));
  });

  test('with its files missing it says so', async () => {
    const assetsDir = join(fixture.root, 'assets');
    await mkdir(assetsDir);
    await assert.rejects(
      fixture.connect({ assetsDir }),
      (error) => error instanceof LettaError && error.reason === 'runtimeMissing',
    );
  });

  test('a broker that cannot start is given up, with its log', async () => {
    await fixture.connect().then((link) => link.shutdown());
    await fixture.untilGone(['broker', 'runtime'], 5_000);
    const [version = ''] = await readdir(join(fixture.stateDir, 'versions'));
    await writeFile(
      join(fixture.stateDir, 'versions', version, 'broker.cjs'),
      'throw new Error("broken on purpose");',
    );
    await assert.rejects(fixture.connect(), (error) => {
      assert.ok(error instanceof LettaError && error.reason === 'unreachable');
      return true;
    });
    assert.match(
      await readFile(join(fixture.stateDir, 'logs', 'broker-errors.log'), 'utf8'),
      /broken on purpose/,
    );
  });

  test('a removed state folder ends the broker', async () => {
    const link = await fixture.connect();
    link.dispose();
    await rm(fixture.stateDir, { recursive: true, force: true });
    await fixture.untilGone(['broker', 'runtime'], 15_000);
  });
});

/** The status that an upgrade is answered with; 101 when it is let in. */
function statusOf(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(port)}`, { headers });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

function identityStatus(port: number, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', port, path: '/identity', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', reject);
  });
}

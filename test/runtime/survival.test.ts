import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { ROOT } from '../../scripts/lib/paths.ts';
import { listProcesses } from '../../scripts/lib/processList.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { parseObject } from '../../src/shared/json.ts';
import { isType, RuntimeClient, say, startDemoAgent } from '../support/runtimeClient.ts';
import { runtimeAssets, RuntimeFixture } from '../support/runtimeFixture.ts';

const ASK = 'TEST CALL:Bash:{"command":"echo yes > answered.txt","description":"Write"};; N=3';
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

suite('what outlives a window', function () {
  this.timeout(60_000);
  let fixture: RuntimeFixture;

  setup(async () => {
    fixture = await RuntimeFixture.create();
  });

  teardown(() => fixture.dispose());

  const after = (ms: number): Promise<void> => new Promise((resolve) => systemClock.after(ms, resolve));

  /** All that runs out of the test's folder, whoever its parent is. */
  async function running(): Promise<readonly string[]> {
    const all = await listProcesses();
    return all.filter(({ command }) => command.includes(fixture.root)).map(({ command }) => command);
  }

  async function untilNothingRuns(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while ((await running()).length > 0 && performance.now() < end) await after(50);
    assert.deepEqual(await running(), []);
  }

  test('a turn that waits for an approval outlives the grace period, though not for ever', async () => {
    const patience = { graceMs: 200, approvalGraceMs: 3_000 };
    const link = await fixture.connect(patience);
    const client = new RuntimeClient(link);
    const runtime = await startDemoAgent(client, link, fixture.workspace);
    await say(client, runtime, ASK);
    const asked = await client.frame('the question', isType('control_request'));
    link.dispose();
    await after(1_500);
    // Also a newer version leaves it alone.
    const later = await fixture.connect({ ...patience, version: '0.0.1-new' });
    assert.match(later.hello.version, /^0\.0\.0-test/);
    const second = new RuntimeClient(later);
    await second.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
    const again = await second.frame('the question', isType('control_request'));
    assert.equal(again['request_id'], asked['request_id']);
    later.dispose();
    const leftAt = performance.now();
    await untilNothingRuns(10_000);
    assert.ok(performance.now() - leftAt > 2_500, `${String(performance.now() - leftAt)} ms`);
  });

  async function windowProcess(message: string): Promise<{ host: ChildProcess; runtime: Frame }> {
    const options = {
      assetsDir: await runtimeAssets(),
      stateDir: fixture.stateDir,
      nodePath: process.execPath,
      env: { PATH: process.env['PATH'], HOME: join(fixture.root, 'home'), LETTA_DEMO_TEST: '1' },
      version: '0.0.0-test',
      graceMs: 500,
    };
    const host = spawn(
      process.execPath,
      [join(ROOT, 'test/support/windowProcess.ts'), JSON.stringify(options), fixture.workspace, message],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    for await (const chunk of host.stdout) {
      output += String(chunk);
      if (output.endsWith('\n')) break;
    }
    return { host, runtime: parseObject(output) ?? {} };
  }

  test('a turn whose VS Code was killed goes on to its end, then nothing is left', async () => {
    const { host, runtime } = await windowProcess('TEST N=80 D=20');
    host.kill('SIGKILL');
    await once(host, 'exit');
    const client = new RuntimeClient(await fixture.connect({ graceMs: 500 }));
    await client.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
    await client.frame('the end', isType('turn_finished'));
    assert.match(client.text(runtime), /^tok0 .* tok79 $/);
    client.link.dispose();
    await untilNothingRuns(8_000);
  });

  test('nothing is left when VS Code was killed and nobody comes back', async () => {
    const { host } = await windowProcess('TEST N=5 D=1');
    assert.ok((await running()).length >= 3, 'broker, runtime and demo');
    host.kill('SIGKILL');
    await once(host, 'exit');
    await untilNothingRuns(10_000);
  });

  test('nothing is left when the extension was removed', async () => {
    const assetsDir = join(fixture.root, 'extension');
    await cp(await runtimeAssets(), assetsDir, { recursive: true });
    const link = await fixture.connect({ assetsDir, graceMs: 300 });
    await link.startDemo();
    await rm(assetsDir, { recursive: true });
    link.dispose();
    await untilNothingRuns(8_000);
  });

  test('an update in mid-turn cancels and breaks nothing, and takes over when idle', async () => {
    const assetsDir = join(fixture.root, 'extension');
    await cp(await runtimeAssets(), assetsDir, { recursive: true });
    const old = await fixture.connect({ assetsDir, version: '1.0.0' });
    const client = new RuntimeClient(old);
    const runtime = await startDemoAgent(client, old, fixture.workspace);
    await say(client, runtime, 'TEST N=100 D=15');
    await client.frame('text', () => client.text(runtime).includes('tok3 '));
    await rm(assetsDir, { recursive: true });
    await cp(await runtimeAssets(), assetsDir, { recursive: true });
    appendFileSync(join(assetsDir, 'broker.cjs'), '// the next version\n');
    const beside = await fixture.connect({ assetsDir, version: '2.0.0' });
    assert.match(beside.hello.version, /^1\.0\.0/);
    await client.frame('the end', isType('turn_finished'));
    assert.match(client.text(runtime), /^tok0 .* tok99 $/);
    await rm(assetsDir, { recursive: true });

    let from = client.received.length;
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
    client.link.send({ type: 'resume_queue', request_id: 'r', runtime });
    await client.request({
      type: 'input',
      runtime,
      payload: {
        kind: 'create_message',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'TEST N=3' }, image] }],
      },
    });
    const seen = await client.frame('the end', isType('turn_finished'), from);
    assert.equal(seen['stop_reason'], 'end_turn', JSON.stringify(seen));

    from = client.received.length;
    const task = { description: 'Count', prompt: 'TEST N=4', subagent_type: 'general-purpose' };
    await say(client, runtime, `TEST CALL:Agent:${JSON.stringify(task)};; AFTER:It counted.;;`);
    const asked = client.frame('the question', isType('control_request'), from).then((frame) =>
      client.request({
        type: 'input',
        runtime,
        payload: {
          kind: 'approval_response',
          request_id: frame['request_id'],
          decision: { behavior: 'allow' },
        },
      }),
    );
    await asked;
    await client.frame('the end', isType('turn_finished'), from);
    // It works in the background and reports by a turn of its own.
    const reports = (): number =>
      client.received.slice(from).filter(({ frame }) => frame['type'] === 'turn_finished').length;
    await client.frame('the report', () => reports() === 2);
    const said = JSON.stringify(client.received.slice(from).map(({ frame }) => frame));
    assert.match(said, /tok0 tok1 tok2 tok3/);
    beside.dispose();
    old.dispose();
    await cp(await runtimeAssets(), assetsDir, { recursive: true });
    // A window that is closed is gone for the broker a moment later, and the runtime may have put something after the report.
    for (let tries = 0; ; tries++) {
      const next = await fixture.connect({ assetsDir, version: '3.0.0' });
      if (next.hello.version.startsWith('3.0.0')) break;
      next.dispose();
      assert.ok(tries < 10, await fixture.runtimeLog());
      await after(300);
    }
    assert.equal((await readdir(join(fixture.stateDir, 'versions'))).length, 1);
  });

  (process.getuid?.() === 0 ? test : test.skip)('another user of the machine does not get in', async () => {
    await fixture.connect();
    const { port } = await fixture.serverFile();
    const nobody = { uid: 65534, gid: 65534, cwd: '/', encoding: 'utf8' } as const;
    const cat = (name: string): string =>
      execFileSync('sh', ['-c', `cat "${join(fixture.stateDir, name)}" 2>&1 || true`], nobody);
    for (const name of ['server.json', 'lock', 'runtime-token']) assert.match(cat(name), /Permission denied/);
    const connect = `require('node:http').get({ port: ${String(port)}, host: '127.0.0.1', path: '/identity' },
      (response) => console.log(response.statusCode))`;
    assert.equal(execFileSync('node', ['-e', connect], nobody).trim(), '401');
  });
});

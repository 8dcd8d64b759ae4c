import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { isOf, isType, recordIn, RuntimeClient, say, startDemoAgent } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

const LIMIT_MB = 60;
const MB = 1024 * 1024;

(process.platform === 'linux' ? suite : suite.skip)('the memory of the broker', function () {
  this.timeout(120_000);
  let fixture: RuntimeFixture;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
  });

  suiteTeardown(() => fixture.dispose());

  test('stays within 60 MB, with the rings of three long turns full', async () => {
    const link = await fixture.connect();
    const broker = fixture.pidOf('broker');
    const client = new RuntimeClient(link);
    const atStart = residentMb(broker);
    const first = await startDemoAgent(client, link, fixture.workspace);
    const conversations: Frame[] = [first];
    for (let count = 0; count < 2; count++) {
      const started = await client.request({
        type: 'runtime_start',
        agent_id: first['agent_id'],
        create_conversation: { body: {} },
        mode: 'standard',
      });
      conversations.push(recordIn(started, 'runtime'));
    }
    for (const runtime of conversations) {
      const from = client.received.length;
      await say(client, runtime, 'TEST N=3300 D=0');
      await client.frame('the end', isType('turn_finished'), from);
    }
    const newcomer = new RuntimeClient(await fixture.connect());
    for (const runtime of conversations) {
      await newcomer.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
      const replayed = newcomer.received.filter(({ frame }) => isOf(frame, runtime));
      const sizeMb = JSON.stringify(replayed).length / MB;
      assert.ok(sizeMb > 1.5 && sizeMb < 2.2, `${sizeMb.toFixed(2)} MB were kept`);
    }
    const resident = residentMb(broker);
    const empty = Number(
      spawnSync(process.execPath, ['-e', 'console.log(process.memoryUsage.rss())'], { encoding: 'utf8' })
        .stdout,
    );
    const figures = `${resident.toFixed(1)} MB, ${atStart.toFixed(1)} at its start; an empty Node ${(empty / MB).toFixed(1)}`;
    console.log(`      broker: ${figures}`);
    assert.ok(resident <= LIMIT_MB, figures);
  });
});

function residentMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Number(found) / 1024;
}

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { isRecord } from '../../src/shared/json.ts';
import { LettaError } from '../../src/core/lettaConnection.ts';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { DEMO_PROMPTS } from '../../src/shared/demoPrompts.ts';
import { installFakeLetta } from '../support/fakeLettaCode.ts';
import { isType, recordIn, RuntimeClient, say, startDemoAgent } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

suite('the first minute with the real runtime', function () {
  this.timeout(40_000);
  let fixture: RuntimeFixture;
  let client: RuntimeClient;
  let runtime: Frame;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    const env = {
      ...process.env,
      HOME: join(fixture.root, 'home'),
      LETTA_DEMO_TEST: '1',
      ANTHROPIC_API_KEY: 'sk-ant-not-a-key',
    };
    const link = await fixture.connect({ env });
    client = new RuntimeClient(link);
    runtime = await startDemoAgent(client, link, fixture.workspace);
  });

  suiteTeardown(() => fixture.dispose());

  async function turn(text: string): Promise<{ readonly from: number; readonly end: Frame }> {
    const from = client.received.length;
    await say(client, runtime, text);
    return { from, end: await client.frame('the end of the turn', isType('turn_finished'), from) };
  }

  test('a key in the environment is not used by itself, nor told to tools', async () => {
    const models = await client.request({ type: 'list_models', force: true });
    assert.doesNotMatch(JSON.stringify(models['available_handles']), /anthropic\//);
    const { from } = await turn(
      'TEST CALL:Bash:{"command":"echo key=$ANTHROPIC_API_KEY.","description":"Look"};;',
    );
    const result = await client.frame('the result', isDelta('tool_return_message'), from);
    assert.match(JSON.stringify(result), /key=\./);
  });

  test('memory: the demo notes something with the memory tool, and adds to it the next time', async () => {
    for (const expected of ['create', 'insert']) {
      const { from, end } = await turn(DEMO_PROMPTS.memory);
      assert.equal(end['stop_reason'], 'end_turn', JSON.stringify(end));
      const changed = await client.frame('the change', isType('memory_updated'), from);
      assert.deepEqual(changed['affected_paths'], ['system/letta-demo.md']);
      const result = await client.frame('the result', isDelta('tool_return_message'), from);
      assert.match(JSON.stringify(result), new RegExp(`Memory ${expected} committed`));
    }
  });

  test('a dropped connection: seen, asked again, and answered whole, each time', async () => {
    for (const time of ['the first time', 'the second time']) {
      const { from, end } = await turn(DEMO_PROMPTS.drop);
      assert.equal(end['stop_reason'], 'end_turn', JSON.stringify(end));
      await client.frame(`the retry, ${time}`, isRetry, from);
      assert.match(client.text(runtime, from), /This is the second try/);
    }
  });

  test('an installed Letta Code is run by its own program, with its own agents', async () => {
    const backendDir = join(fixture.root, 'home', '.letta', 'lc-local-backend');
    await mkdir(backendDir, { recursive: true });
    const path = await installFakeLetta(join(fixture.root, 'bin'));
    const other = await RuntimeFixture.create();
    try {
      const link = await other.connect({ otherLetta: { path, backendDir } });
      const theirs = new RuntimeClient(link);
      await startDemoAgent(theirs, link, other.workspace);
      assert.equal((await readdir(join(backendDir, 'agents'))).length, 1);
      assert.match(
        await readFile(join(fixture.root, 'bin', 'calls'), 'utf8'),
        new RegExp(`^${backendDir} server --backend local --listen ws://127\\.0\\.0\\.1:0`),
      );
    } finally {
      await other.dispose();
    }
  });

  test('a program that is no Letta Code is given up, with a reason', async () => {
    for (const path of ['/bin/false', '/nowhere/letta']) {
      const other = await RuntimeFixture.create();
      try {
        const otherLetta = { path, backendDir: join(other.root, 'backend') };
        await assert.rejects(
          other.connect({ otherLetta, graceMs: 500 }),
          (error) => error instanceof LettaError && error.reason === 'runtimeGaveUp',
          path,
        );
      } finally {
        await other.dispose();
      }
    }
  });
});

function isDelta(type: string): (frame: Frame) => boolean {
  return (frame) => isRecord(frame['delta']) && frame['delta']['message_type'] === type;
}

function isRetry(frame: Frame): boolean {
  if (!isRecord(frame['delta'])) return false;
  const { message_type: type, event_type: event } = recordIn(frame, 'delta');
  return type === 'retry' || event === 'retry';
}

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { isRecord } from '../../src/shared/json.ts';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { formatAttachment } from '../../src/shared/attachmentText.ts';
import { isOf, isType, recordIn, RuntimeClient, say, startDemoAgent } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

suite('turns of the real runtime, through the broker, with the demo model', function () {
  this.timeout(30_000);
  let fixture: RuntimeFixture;
  let client: RuntimeClient;
  let runtime: Frame;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    const link = await fixture.connect();
    client = new RuntimeClient(link);
    runtime = await startDemoAgent(client, link, fixture.workspace);
    await say(client, runtime, 'hello');
    await client.frame('the end of the turn', isType('turn_finished'));
  });

  suiteTeardown(() => fixture.dispose());

  test('the demo says that it is one, quotes the person and tells what it knows', () => {
    const text = client.text(runtime);
    assert.match(text, /scripted demo model, not a real one\. You wrote: “hello”/);
    assert.match(text, /- `command`/);
  });

  test('an attached selection is quoted', async () => {
    const from = client.received.length;
    const about = {
      path: 'src/retry.ts',
      language: 'ts',
      lines: [3, 4],
      sizeBytes: 30,
      cutBytes: 0,
    } as const;
    await say(client, runtime, formatAttachment(about, 'const tries = 3;\nretry(tries);'), 'What is this?');
    await client.frame('the end of the turn', isType('turn_finished'), from);
    const text = client.text(runtime, from);
    assert.match(
      text,
      /You attached src\/retry\.ts, lines 3–4.*\n\n```ts\nconst tries = 3;\nretry\(tries\);\n```/,
    );
    assert.match(text, /You wrote: “What is this\?”/);
  });

  test('reasoning comes before the text', async () => {
    const from = client.received.length;
    await say(client, runtime, 'think');
    await client.frame('the end of the turn', isType('turn_finished'), from);
    const kinds = client.received.slice(from).flatMap(({ frame }) => {
      const kind = isRecord(frame['delta']) ? frame['delta']['message_type'] : undefined;
      return kind === 'reasoning_message' || kind === 'assistant_message' ? [kind] : [];
    });
    assert.equal(kinds[0], 'reasoning_message');
    assert.equal(kinds.at(-1), 'assistant_message');
    assert.ok(kinds.filter((kind) => kind === 'reasoning_message').length >= 10);
  });

  test('usage figures come from the demo', async () => {
    const from = client.received.length;
    await say(client, runtime, 'TEST N=7 D=1 REASON=2 USE=4321');
    await client.frame('the end of the turn', isType('turn_finished'), from);
    const usage = await client.frame(
      'usage',
      (frame) => isRecord(frame['delta']) && frame['delta']['message_type'] === 'usage_statistics',
      from,
    );
    const { prompt_tokens: prompt, completion_tokens: completion } = recordIn(usage, 'delta');
    assert.deepEqual({ prompt, completion }, { prompt: 4321, completion: 9 });
  });

  test('a command waits for its approval, runs, and its result is told', async () => {
    const from = client.received.length;
    await say(client, runtime, 'command');
    const asked = await client.frame('the question', isType('control_request'), from);
    const { tool_name: tool, input } = recordIn(asked, 'request');
    assert.equal(tool, 'Bash');
    assert.ok(isRecord(input));
    assert.equal(input['command'], 'ls -la > letta-demo.txt && head -3 letta-demo.txt');
    await answer(client, runtime, asked, { behavior: 'allow' });
    await client.frame('the end of the turn', isType('turn_finished'), from);
    assert.match(client.text(runtime, from), /The tool answered:[\s\S]*total \d+[\s\S]*scripted demo model/);
    assert.match(await readFile(join(fixture.workspace, 'letta-demo.txt'), 'utf8'), /^total/);
  });

  test('a file is written after its diff was allowed, and edited the next time', async () => {
    for (const [tool, expected] of [
      ['Write', /^# Written by the Letta demo\n/],
      ['Edit', /^# Written by the Letta demo, then edited\n/],
    ] as const) {
      const from = client.received.length;
      await say(client, runtime, 'edit');
      const asked = await client.frame('the question', isType('control_request'), from);
      const request = recordIn(asked, 'request');
      assert.equal(request['tool_name'], tool);
      assert.ok(Array.isArray(request['diffs']) && request['diffs'].length === 1);
      await answer(client, runtime, asked, { behavior: 'allow' });
      await client.frame('the end of the turn', isType('turn_finished'), from);
      assert.match(await readFile(join(fixture.workspace, 'letta-demo.md'), 'utf8'), expected);
    }
  });

  test('a denied command does not run, and the model is told why', async () => {
    const from = client.received.length;
    await say(
      client,
      runtime,
      'TEST CALL:Bash:{"command":"touch denied.txt","description":"Make a file"};; AFTER:I see.;;',
    );
    const asked = await client.frame('the question', isType('control_request'), from);
    await answer(client, runtime, asked, { behavior: 'deny', message: 'not now' });
    await client.frame('the end of the turn', isType('turn_finished'), from);
    const result = await client.frame(
      'the result',
      (frame) => isRecord(frame['delta']) && frame['delta']['message_type'] === 'tool_return_message',
      from,
    );
    assert.match(JSON.stringify(result), /not now/);
    assert.match(client.text(runtime, from), /I see\.$/);
    await assert.rejects(readFile(join(fixture.workspace, 'denied.txt')));
  });

  test('tools see nothing of VS Code and of how the runtime was started', async () => {
    const from = client.received.length;
    await say(
      client,
      runtime,
      'TEST CALL:Bash:{"command":"env > env.txt","description":"Keep the environment"};;',
    );
    await answer(client, runtime, await client.frame('the question', isType('control_request'), from), {
      behavior: 'allow',
    });
    await client.frame('the end of the turn', isType('turn_finished'), from);
    const env = await readFile(join(fixture.workspace, 'env.txt'), 'utf8');
    assert.doesNotMatch(env, /^(ELECTRON_RUN_AS_NODE|VSCODE_\w+|NODE_CHANNEL_FD)=/m);
    assert.match(env, /^LETTA_CODE_TELEM=0$/m);
    assert.match(env, new RegExp(`^PATH=.*:${fixture.stateDir}/bin$`, 'm'));
  });

  test('images pass our worker in the place of the native one', async () => {
    const from = client.received.length;
    const png =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    await client.request({
      type: 'input',
      runtime,
      payload: {
        kind: 'create_message',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'TEST N=3' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
            ],
          },
        ],
      },
    });
    const end = await client.frame('the end of the turn', isType('turn_finished'), from);
    assert.equal(end['stop_reason'], 'end_turn', JSON.stringify(end));
    assert.equal(client.text(runtime, from), 'tok0 tok1 tok2 ');
  });
});

async function answer(client: RuntimeClient, runtime: Frame, asked: Frame, decision: Frame): Promise<void> {
  assert.ok(isOf(asked, runtime));
  const accepted = await client.request({
    type: 'input',
    runtime,
    payload: { kind: 'approval_response', request_id: asked['request_id'], decision },
  });
  assert.equal(accepted['accepted'], true);
}

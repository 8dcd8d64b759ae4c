import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setup, suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import { isRecord } from '../../src/shared/json.ts';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import { isOf, isType, recordIn, RuntimeClient, say, startDemoAgent } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

suite('several windows on one runtime', function () {
  this.timeout(45_000);
  let fixture: RuntimeFixture;
  let link: BrokerLink;
  let first: RuntimeClient;
  let second: RuntimeClient;
  let runtime: Frame;
  let secondLink: BrokerLink;
  let agentId: unknown;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    const maker = await fixture.connect();
    ({ agent_id: agentId } = await startDemoAgent(new RuntimeClient(maker), maker, fixture.workspace));
    maker.dispose();
  });

  suiteTeardown(async () => {
    await fixture.connect();
    await fixture.dispose();
  });

  /** Two fresh windows, the first with a conversation of its own. */
  setup(async () => {
    link = await fixture.connect();
    first = new RuntimeClient(link);
    secondLink = await fixture.connect();
    second = new RuntimeClient(secondLink);
    runtime = await newConversation(first);
  });

  teardown(() => {
    link.dispose();
    secondLink.dispose();
  });

  async function newConversation(client: RuntimeClient): Promise<Frame> {
    const started = await client.request({
      type: 'runtime_start',
      agent_id: agentId,
      create_conversation: { body: {} },
      cwd: fixture.workspace,
      mode: 'standard',
      wait_for_replay: true,
    });
    return recordIn(started, 'runtime');
  }

  test('a second window sees the turn of the first, and changes neither mode nor directory', async () => {
    const elsewhere = join(fixture.root, 'elsewhere');
    await mkdir(elsewhere);
    const started = await second.request({
      type: 'runtime_start',
      ...runtime,
      cwd: elsewhere,
      mode: 'unrestricted',
    });
    assert.equal(started['success'], true);
    const status = await second.frame('the status', isType('update_device_status'));
    const { current_permission_mode: mode, current_working_directory: cwd } = recordIn(
      status,
      'device_status',
    );
    assert.deepEqual({ mode, cwd }, { mode: 'standard', cwd: fixture.workspace });
    await say(first, runtime, 'TEST N=20 D=5');
    await Promise.all([first, second].map((client) => client.frame('the end', isType('turn_finished'))));
    assert.match(first.text(runtime), /^tok0 .*tok19 $/);
    assert.equal(second.text(runtime), first.text(runtime));
    assert.ok(!second.received.some(({ frame }) => frame['type'] === 'input_accepted'));
    // What the second one's start made the runtime send again are snapshots with keys of their own: nothing comes twice.
    for (const { received } of [first, second]) {
      const keys = received.flatMap(({ frame }) => frame['idempotency_key'] ?? []);
      assert.equal(new Set(keys).size, keys.length);
      const seqs = received.map(({ seq }) => seq);
      assert.equal(new Set(seqs).size, seqs.length);
    }
    const modes = first.received
      .filter(({ frame }) => frame['type'] === 'update_device_status')
      .map(({ frame }) => recordIn(frame, 'device_status')['current_permission_mode']);
    assert.deepEqual(new Set(modes), new Set(['standard']));
  });

  test('a window hears nothing of conversations that it does not show', async () => {
    await say(first, runtime, 'TEST N=5 D=1');
    await first.frame('the end', isType('turn_finished'));
    await second.request({ type: 'app_server_info' });
    assert.ok(!second.received.some(({ frame }) => isOf(frame, runtime)));
  });

  test('two chats stream at once', async () => {
    const other = await newConversation(second);
    assert.ok(
      second.received.some(({ frame }) => frame['type'] === 'update_device_status' && isOf(frame, other)),
    );
    await Promise.all([say(first, runtime, 'TEST N=60 D=15'), say(second, other, 'TEST N=60 D=15')]);
    const isText = (frame: Frame): boolean =>
      isRecord(frame['delta']) && frame['delta']['message_type'] === 'assistant_message';
    await Promise.all([first.frame('a token', isText), second.frame('a token', isText)]);
    assert.ok(
      ![first, second].some(({ received }) =>
        received.some(({ frame }) => frame['type'] === 'turn_finished'),
      ),
    );
    await Promise.all([first, second].map((client) => client.frame('the end', isType('turn_finished'))));
    assert.match(first.text(runtime), /tok59 $/);
    assert.match(second.text(other), /tok59 $/);
    assert.equal(first.text(other), '');
  });

  test('a turn goes on when its window goes away in the middle, also when no other window shows it', async () => {
    await say(first, runtime, 'TEST N=120 D=15');
    await first.frame(
      'the first token',
      (frame) => isRecord(frame['delta']) && first.text(runtime).includes('tok5 '),
    );
    link.dispose();
    await second.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
    await second.frame('the end', isType('turn_finished'));
    const history = await second.request({
      type: 'conversation_messages_list',
      conversation_id: runtime['conversation_id'],
      query: { agent_id: runtime['agent_id'], limit: 10 },
    });
    assert.match(JSON.stringify(history['messages']), /tok0 tok1 .* tok118 tok119 /);
    assert.ok(second.text(runtime).endsWith('tok119 '));
  });

  test('an approval that waits is shown to the window that comes back, and its answer counts', async () => {
    await say(first, runtime, 'TEST CALL:Bash:{"command":"echo yes > answered.txt","description":"Write"};;');
    const asked = await first.frame('the question', isType('control_request'));
    link.dispose();
    await second.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
    const again = await second.frame('the question', isType('control_request'));
    assert.equal(again['request_id'], asked['request_id']);
    const accepted = await second.request({
      type: 'input',
      runtime,
      payload: {
        kind: 'approval_response',
        request_id: again['request_id'],
        decision: { behavior: 'allow' },
      },
    });
    assert.equal(accepted['accepted'], true);
    await second.frame('the end', isType('turn_finished'));
    assert.equal(await readFile(join(fixture.workspace, 'answered.txt'), 'utf8'), 'yes\n');
  });

  test('a running turn keeps the broker beyond its grace period, which begins at its end', async () => {
    const hasty = await RuntimeFixture.create();
    try {
      const window = await hasty.connect({ graceMs: 200 });
      const client = new RuntimeClient(window);
      const own = await startDemoAgent(client, window, hasty.workspace);
      await say(client, own, 'TEST N=100 D=15');
      await client.frame('a token', () => client.text(own).includes('tok3 '));
      window.dispose();
      const leftAt = performance.now();
      await hasty.untilGone(['broker', 'runtime', 'demo'], 12_000);
      // 97 tokens at 15 ms were still to come.
      assert.ok(performance.now() - leftAt > 1_200, `${String(performance.now() - leftAt)} ms`);
    } finally {
      await hasty.dispose();
    }
  });

  test('the demo works as another provider where a person uses the first', async () => {
    const demo = await link.startDemo();
    for (const { providerId, fields, modelHandle } of demo.alternatives) {
      await first.request({ type: 'connect_provider', target: 'local', provider_id: providerId, fields });
      for (;;) {
        const models = await first.request({ type: 'list_models', force: true });
        if (JSON.stringify(models['available_handles']).includes(`"${modelHandle}"`)) break;
      }
    }
    assert.equal(demo.alternatives.length, 2);
  });
});

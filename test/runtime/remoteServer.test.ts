import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setup, suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import { DemoProcess } from '../../src/runtimeHost/demoProcess.ts';
import { BoundedLog } from '../../src/runtimeHost/boundedLog.ts';
import { parseDemoModelInfo, type DemoModelInfo } from '../../src/demo/demoModelInfo.ts';
import { join } from 'node:path';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import { ForeignServer } from '../support/foreignServer.ts';
import { OpenChat } from '../support/openChat.ts';
import { isType, recordIn, RuntimeClient } from '../support/runtimeClient.ts';
import { runtimeAssets, RuntimeFixture } from '../support/runtimeFixture.ts';

suite('an App Server that somebody else runs, through a broker', function () {
  this.timeout(60_000);
  let fixture: RuntimeFixture;
  let server: ForeignServer;
  let demoProcess: DemoProcess;
  let demo: DemoModelInfo;

  suiteSetup(async () => {
    const assets = await runtimeAssets();
    fixture = await RuntimeFixture.create();
    server = new ForeignServer(assets, fixture.root);
    await server.start();
    process.env['LETTA_DEMO_TEST'] = '1';
    const log = new BoundedLog(join(fixture.root, 'demo.log'));
    demoProcess = new DemoProcess(fixture.root, join(assets, 'demoModel.cjs'), log);
    const info = parseDemoModelInfo(await demoProcess.start());
    assert.ok(info !== null);
    demo = info;
  });

  suiteTeardown(async () => {
    demoProcess.stop();
    await server.kill();
    await fixture.dispose();
  });

  let link: BrokerLink;

  setup(async () => {
    link = await fixture.connectTo(server.url, server.token);
  });

  teardown(() => {
    link.dispose();
  });

  const brokers = (): readonly number[] =>
    fixture.processes().flatMap(({ pid, kind }) => (kind === 'broker' ? [pid] : []));

  async function agentOn(chat: OpenChat): Promise<string> {
    await chat.connection.connectProvider(demo.providerId, demo.fields);
    while (!(await chat.connection.listModels()).some(({ handle }) => handle === demo.modelHandle));
    return (await chat.connection.createAgent({ name: 'Far', modelHandle: demo.modelHandle })).id;
  }

  test('a turn goes on without its window, and the next window has all of it', async () => {
    const first = await OpenChat.on(link);
    await first.make(await agentOn(first), fixture.workspace);
    await first.say('TEST N=60 D=15');
    await first.until('text', () => first.text.includes('tok5 '));
    link.dispose();
    link = await fixture.connectTo(server.url, server.token);
    const second = await OpenChat.on(link);
    await second.open(first.ref);
    await second.ended();
    assert.match(second.text, /^tok0 tok1 .* tok59 $/);
    assert.equal(brokers().length, 1);
  });

  test('its token is in no argument, environment, log or file, and the runtime beside it is another one', async () => {
    const [broker = 0] = brokers();
    for (const name of ['cmdline', 'environ'])
      assert.ok(!readFileSync(`/proc/${String(broker)}/${name}`, 'utf8').includes(server.token), name);
    assert.throws(() => execFileSync('grep', ['-rl', server.token, fixture.stateDir]), 'found in a file');
    const local = await fixture.connect();
    assert.equal((await new RuntimeClient(local).request({ type: 'app_server_info' }))['success'], true);
    assert.equal(brokers().length, 2);
    await local.shutdown();
  });

  test('the mode is said again in every new epoch', async () => {
    // Another link for the agent: its connection would open the conversation again by itself.
    const agent_id = await agentOn(await OpenChat.on(await fixture.connectTo(server.url, server.token)));
    const client = new RuntimeClient(link);
    const made = await client.request({
      type: 'runtime_start',
      agent_id,
      create_conversation: { body: {} },
      mode: 'standard',
    });
    const { conversation_id } = recordIn(made, 'runtime');
    const restarting = client.state('restarting');
    await server.kill();
    assert.match(JSON.stringify(await restarting), /The Letta server/);
    await server.start();
    // On a slow machine the broker has given up by then; a window that comes makes it try again.
    const later = new RuntimeClient(await fixture.connectTo(server.url, server.token));
    const started = await later.request({
      type: 'runtime_start',
      ...{ agent_id, conversation_id },
      mode: 'acceptEdits',
      wait_for_replay: true,
    });
    assert.equal(started['success'], true, JSON.stringify(started));
    const isOfMode = (mode: string): boolean =>
      later.received.some(
        ({ frame }) =>
          isType('update_device_status')(frame) &&
          recordIn(frame, 'device_status')['current_permission_mode'] === mode,
      );
    assert.ok(isOfMode('acceptEdits'));
  });

  test('a server that stays away is given up, and tried again when a window comes or asks', async () => {
    const client = new RuntimeClient(link);
    const closed = client.state('closed');
    await server.kill();
    const state = await closed;
    assert.ok(state.kind === 'closed');
    assert.equal(state.error.reason, 'unreachable');
    await server.start();
    link = await fixture.connectTo(server.url, server.token);
    assert.equal((await new RuntimeClient(link).request({ type: 'app_server_info' }))['success'], true);
    const { state: before } = link;
    await link.restartRuntime();
    assert.ok(before.kind === 'open' && link.state.kind === 'open' && before.epoch !== link.state.epoch);
  });

  test('a wrong token is said at once, and a right one after it is taken', async () => {
    await assert.rejects(fixture.connectTo(server.url, 'wrong'), { reason: 'unauthorised' });
    assert.equal(link.state.kind, 'closed', 'the one token counts for all windows');
    link = await fixture.connectTo(server.url, server.token);
    const other = await fixture.connectTo(server.url, server.token);
    assert.deepEqual(other.state, link.state, 'the same again changes nothing');
    other.dispose();
  });

  test('a wrong port is unreachable, an address without sense too', async () => {
    await assert.rejects(fixture.connectTo('http://127.0.0.1:9/ws', 't'), { reason: 'unreachable' });
    await assert.rejects(fixture.connectTo('not a url', 't'), { reason: 'unreachable' });
    await assert.rejects(fixture.connectTo('ftp://127.0.0.1/', 't'), { reason: 'unreachable' });
  });

  test('a server that accepts and says nothing is given up by the handshake limit', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo; // of a TCP server that listens
    const began = performance.now();
    const connecting = fixture
      .window()
      .connectTo(`http://127.0.0.1:${String(port)}/ws`, 't', AbortSignal.timeout(14_000));
    await assert.rejects(connecting);
    assert.ok(sockets.length >= 2, `${String(sockets.length)} tries`);
    assert.ok(performance.now() - began < 20_000);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setup, suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import { WebSocket, WebSocketServer } from 'ws';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

const MB = 1024 * 1024;

suite('what nobody can read, between windows, broker and server', function () {
  this.timeout(45_000);
  let fixture: RuntimeFixture;
  let server: WebSocketServer;
  let upstream: WebSocket;
  let link: BrokerLink;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 200 * MB });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      upstream = socket;
    });
  });

  suiteTeardown(async () => {
    await fixture.dispose();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  setup(async () => {
    const { port } = server.address() as AddressInfo; // of a TCP server that listens
    link = await fixture.connectTo(`ws://127.0.0.1:${String(port)}/`, '');
  });

  teardown(() => {
    link.dispose();
  });

  function nextFrame(): Promise<string> {
    return new Promise((resolve) => {
      const subscription = link.onDidReceive(({ frame }) => {
        subscription.dispose();
        resolve(String(frame['type']));
      });
    });
  }

  test('frames of the server: counted, told once, logged without their content; the others pass', async () => {
    const told: number[] = [];
    link.onDidFindUnreadable((count) => told.push(count));
    const secret = randomBytes(8).toString('hex');
    const next = nextFrame();
    for (const text of ['{', `"${secret}"`, `[{"${secret}`, '']) upstream.send(text);
    upstream.send(Buffer.from(`{"type":"${secret}"}`), { binary: true });
    upstream.send(JSON.stringify({ type: 'huge', text: 'x'.repeat(65 * MB) }));
    upstream.send('{"type":"memory_updated"}');
    assert.equal(await next, 'memory_updated');
    assert.deepEqual(told, [1]);
    assert.equal(link.state.kind, 'open');
    const log = await fixture.runtimeLog('remote');
    assert.match(log, /1 frames of the runtime could not be read/);
    assert.ok(!log.includes(secret));
  });

  async function strange(): Promise<WebSocket> {
    const { port, token } = await fixture.serverFile('remote');
    const socket = new WebSocket(`ws://127.0.0.1:${String(port)}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    socket.on('error', () => undefined); // the broker cuts it off
    await once(socket, 'message');
    return socket;
  }

  test('messages of a window: ignored, and the other windows notice nothing', async () => {
    const socket = await strange();
    const secret = randomBytes(8).toString('hex');
    for (let count = 0; count < 1_000; count++) socket.send(`{"${secret}`);
    socket.send(Buffer.from('{"frame":{"type":"app_server_info","request_id":"b"}}'), { binary: true });
    const passed = once(upstream, 'message');
    socket.send('{"frame":{"type":"app_server_info","request_id":"t"}}');
    const [data] = (await passed) as [Buffer];
    assert.match(data.toString(), /"request_id":"w\d+:t"/);
    const log = await fixture.runtimeLog('remote');
    assert.equal([...log.matchAll(/messages were not understood/g)].length, 1);
    assert.ok(!log.includes(secret));
    socket.terminate();
  });

  test('a window that sends more than 64 MB in one message is cut off, and only it', async () => {
    const socket = await strange();
    const closed = once(socket, 'close');
    socket.send('x'.repeat(65 * MB));
    await closed;
    const next = nextFrame();
    upstream.send('{"type":"memory_updated"}');
    assert.equal(await next, 'memory_updated');
  });
});

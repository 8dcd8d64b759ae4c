import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setup, suite, teardown, test } from 'mocha';
import { WebSocket, WebSocketServer } from 'ws';
import { keepAlive } from '../../../src/runtimeHost/keepAlive.ts';

const EVERY_MS = 20;

suite('a connection that is watched', () => {
  let server: WebSocketServer;
  let far: WebSocket;

  setup(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      far = socket;
    });
  });

  teardown(() => {
    server.close();
    for (const socket of server.clients) socket.terminate();
  });

  async function connect(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`); // TCP
    await once(socket, 'open');
    return socket;
  }

  test('is ended when two pings were not answered', async () => {
    const socket = await connect();
    let pings = 0;
    far.on('ping', () => pings++);
    keepAlive(socket, 2 * EVERY_MS - 3, EVERY_MS);
    await once(socket, 'close');
    // After two of them and one more wait: 3 × 15 s is the 45 s that a half-open connection may last.
    assert.ok(pings <= 2, `${String(pings)} pings`);
  });

  test('stays while pings are answered or something comes', async () => {
    const socket = await connect();
    keepAlive(socket, 7 * EVERY_MS, EVERY_MS);
    let pings = 0;
    await new Promise<void>((resolve) => {
      far.on('ping', (data) => {
        far.pong(data);
        if (++pings === 12) resolve();
      });
    });
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.terminate();
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setup, suite, teardown, test } from 'mocha';
import { WebSocketServer, type WebSocket } from 'ws';
import type { BrokerNotice } from '../../../src/shared/wire.ts';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import { BrokerLink } from '../../../src/server/localRuntime/brokerLink.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';

const HELLO: BrokerNotice = { type: 'hello', wire: 1, version: 'v', epoch: 'e1', runtime: 'up' };

suite('the link to the broker', () => {
  let clock: FakeClock;
  let logger: FakeLogger;
  let server: WebSocketServer;
  let broker: WebSocket;

  setup(() => {
    clock = new FakeClock();
    logger = new FakeLogger();
  });

  teardown(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  async function open(hello: unknown = { broker: HELLO }, autoPong = true): Promise<BrokerLink> {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      broker = socket;
      socket.on('error', () => undefined); // the tests break it on purpose
      socket.send(JSON.stringify(hello));
    });
    return openAt((server.address() as AddressInfo).port); // of a TCP server that listens
  }

  function openAt(port: number, signal = new AbortController().signal): Promise<BrokerLink> {
    return BrokerLink.open({ port, pid: 1, token: 't', version: 'v' }, { clock, logger }, signal);
  }

  function notify(notice: BrokerNotice): void {
    broker.send(JSON.stringify({ broker: notice }));
  }

  function nextState(link: BrokerLink): Promise<BrokerLink['state']> {
    return new Promise((resolve) => {
      const subscription = link.onDidChangeState((state) => {
        subscription.dispose();
        resolve(state);
      });
    });
  }

  async function closesWith(link: BrokerLink, reason: string): Promise<void> {
    const state = link.state.kind === 'closed' ? link.state : await nextState(link);
    assert.ok(state.kind === 'closed');
    assert.equal(state.error.reason, reason);
  }

  test('follows the runtime from one epoch to the next', async () => {
    const link = await open();
    assert.deepEqual(link.state, { kind: 'open', epoch: 'e1' });
    let changed = nextState(link);
    notify({ type: 'runtimeDown', attempt: 2, message: 'It ended.' });
    assert.deepEqual(await changed, { kind: 'restarting', attempt: 2, message: 'It ended.' });
    assert.throws(
      () => {
        link.send({ type: 'input' });
      },
      { reason: 'connectionLost' },
    );
    changed = nextState(link);
    notify({ type: 'runtimeUp', epoch: 'e2' });
    assert.deepEqual(await changed, { kind: 'open', epoch: 'e2' });
  });

  test('waits for a runtime that starts, and says where the log is when it gives up', async () => {
    const link = await open({ broker: { ...HELLO, runtime: 'starting' } });
    const opened = link.whenOpen();
    notify({ type: 'gaveUp', reason: 'runtimeGaveUp', message: 'Too often.', log: '/log' });
    await assert.rejects(opened, { reason: 'runtimeGaveUp', message: 'Too often. Its log: /log' });
  });

  test('passes frames with epoch, number and time; a listener that throws stops nobody', async () => {
    const link = await open();
    link.onDidReceive(() => {
      throw new Error('on purpose');
    });
    const received = new Promise((resolve) => link.onDidReceive(resolve));
    const message = { epoch: 'e1', seq: 7, at: 5, frame: { type: 'x' } };
    broker.send(JSON.stringify(message));
    assert.deepEqual(await received, message);
    assert.match(logger.at('error').join('\n'), /on purpose/);
  });

  test('a half-open connection is noticed within 45 s', async () => {
    const link = await open({ broker: HELLO }, false);
    for (let second = 0; second < 45 && link.state.kind === 'open'; second++) clock.advance(1_000);
    await closesWith(link, 'connectionLost');
    assert.equal(clock.pending, 0);
  });

  test('the times can be other ones', async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.send(JSON.stringify({ broker: HELLO }));
    });
    const { port } = server.address() as AddressInfo; // of a TCP server that listens
    const limits = { connectMs: 1_000, pingEveryMs: 100, silenceMs: 190 };
    const place = { port, pid: 1, token: 't', version: 'v' };
    const link = await BrokerLink.open(place, { clock, logger, limits }, new AbortController().signal);
    for (let tick = 0; tick < 3 && link.state.kind === 'open'; tick++) clock.advance(100);
    await closesWith(link, 'connectionLost');
  });

  test('one that answers pings stays open', async () => {
    const link = await open();
    for (let round = 0; round < 10; round++) {
      const pinged = once(broker, 'ping');
      clock.advance(15_000);
      await pinged;
      // The pong travels in front of this frame.
      const received = new Promise((resolve) => link.onDidReceive(resolve));
      broker.send('{"epoch":"e1","seq":1,"frame":{}}');
      await received;
    }
    assert.equal(link.state.kind, 'open');
  });

  test('a broker that goes away rejects what waits', async () => {
    const link = await open();
    const waiting = link.command({ type: 'restartRuntime' });
    broker.terminate();
    await assert.rejects(waiting, { reason: 'connectionLost' });
    await closesWith(link, 'connectionLost');
    await assert.rejects(link.command({ type: 'startDemo' }), { reason: 'connectionLost' });
  });

  test('a command is answered, refused, or given up after its limit', async () => {
    const link = await open();
    broker.on('message', (data: Buffer) => {
      const { broker: command } = JSON.parse(data.toString()) as {
        readonly broker: { type: string; id: number };
      };
      if (command.type === 'shutdown') notify({ type: 'reply', id: command.id, ok: true, value: null });
      if (command.type === 'handOver') notify({ type: 'reply', id: command.id, ok: false, message: 'no' });
    });
    await link.shutdown();
    await assert.rejects(link.command({ type: 'handOver' }), { reason: 'refused', message: 'no' });
    const silent = link.command({ type: 'restartRuntime' });
    clock.advance(15_000);
    broker.send('{"epoch":"e1","seq":1,"frame":{}}');
    await new Promise((resolve) => link.onDidReceive(resolve));
    clock.advance(15_000);
    await assert.rejects(silent, { reason: 'timeout' });
  });

  test('nonsense, a malformed frame and a reset close the link and crash nothing', async () => {
    for (const [reason, harm] of [
      [
        'protocol',
        () => {
          broker.send('{');
        },
      ],
      [
        'connectionLost',
        () => {
          rawSocketOf(broker).write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
        },
      ],
      [
        'connectionLost',
        () => {
          rawSocketOf(broker).resetAndDestroy();
        },
      ],
    ] as const) {
      const link = await open();
      harm();
      await closesWith(link, reason);
      server.close();
    }
  });

  test('what is not a broker is told from one', async () => {
    await assert.rejects(open({ hello: 'world' }), { reason: 'protocol' });
    server.close();
    await assert.rejects(open({ broker: { ...HELLO, runtime: 'odd' } }), { reason: 'protocol' });
  });

  test('a refused token, a closed port and a silent one each have their reason', async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: () => false });
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    await assert.rejects(openAt(port), { reason: 'unauthorised' });
    server.close();
    await assert.rejects(openAt(port), { reason: 'unreachable' });
    await silentServer(async (silent) => {
      const opening = openAt(silent);
      clock.advance(10_000);
      await assert.rejects(opening, { reason: 'timeout' });
      const stopped = new AbortController();
      const aborted = openAt(silent, stopped.signal);
      stopped.abort();
      await assert.rejects(aborted, LettaError);
    });
  });
});

/** `ws` keeps the TCP socket under this name; its public API has no way to break one. */
function rawSocketOf(socket: WebSocket): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket;
}

async function silentServer(use: (port: number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  const silent: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined)); // resets are expected
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    await use((silent.address() as AddressInfo).port); // of a TCP server that listens
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
}

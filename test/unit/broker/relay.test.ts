import assert from 'node:assert/strict';
import { setup, suite, test } from 'mocha';
import { Relay, type WindowSocket } from '../../../src/broker/relay.ts';
import { isRecord, parseObject } from '../../../src/shared/json.ts';
import type { WireFrame } from '../../../src/shared/wire.ts';

const ONE = { agent_id: 'agent-1', conversation_id: 'conv-1' };
const TWO = { agent_id: 'agent-1', conversation_id: 'conv-2' };

class FakeWindow implements WindowSocket {
  readyState = 1;
  bufferedAmount = 0;
  isTerminated = false;
  readonly messages: WireFrame[] = [];

  send(text: string): void {
    const message = parseObject(text);
    assert.ok(message !== null);
    this.messages.push(message);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  get frames(): readonly WireFrame[] {
    return this.messages.map((message) => message['frame']).filter(isRecord);
  }

  get last(): WireFrame | undefined {
    return this.frames.at(-1);
  }
}

suite('the relay between windows and the runtime', () => {
  let sent: WireFrame[];
  let isUp: boolean;
  let idleChanges: number;
  let relay: Relay;
  let a: FakeWindow;
  let b: FakeWindow;
  let aId: number;
  let bId: number;

  const fromRuntime = (frame: WireFrame): void => {
    relay.onFrame(JSON.stringify(frame));
  };
  /** What the relay sent last; it must have sent something. */
  const lastSent = (): WireFrame => {
    const frame = sent.at(-1);
    assert.ok(frame !== undefined);
    return frame;
  };
  const start = (windowId: number, runtime: WireFrame, extra: WireFrame = {}): void => {
    relay.fromWindow(windowId, { type: 'runtime_start', request_id: 's', ...runtime, ...extra });
    fromRuntime({
      type: 'runtime_start_response',
      request_id: lastSent()['request_id'],
      success: true,
      runtime,
    });
  };

  setup(() => {
    sent = [];
    isUp = true;
    idleChanges = 0;
    const send = (json: string): boolean => {
      const frame = parseObject(json);
      assert.ok(frame !== null);
      if (isUp) sent.push(frame);
      return isUp;
    };
    relay = new Relay(send, () => idleChanges++, { line: () => undefined });
    relay.onUp('e1');
    a = new FakeWindow();
    b = new FakeWindow();
    aId = relay.add(a);
    bId = relay.add(b);
  });

  test('two windows with the same request id each get their own answer', () => {
    relay.fromWindow(aId, { type: 'list_models', request_id: 'r1' });
    relay.fromWindow(bId, { type: 'agent_list', request_id: 'r1' });
    const [first, second] = sent;
    assert.notEqual(first?.['request_id'], second?.['request_id']);
    fromRuntime({ type: 'agent_list_response', request_id: second?.['request_id'] });
    fromRuntime({ type: 'list_models_response', request_id: first?.['request_id'] });
    assert.deepEqual(a.frames, [{ type: 'list_models_response', request_id: 'r1' }]);
    assert.deepEqual(b.frames, [{ type: 'agent_list_response', request_id: 'r1' }]);
  });

  test('an answer in several parts comes whole', () => {
    relay.fromWindow(aId, { type: 'list_memory', request_id: 'r:1' });
    const id = lastSent()['request_id'];
    fromRuntime({ type: 'list_memory_response', request_id: id, done: false });
    fromRuntime({ type: 'list_memory_response', request_id: id, done: true });
    assert.deepEqual(
      a.frames.map((frame) => [frame['request_id'], frame['done']]),
      [
        ['r:1', false],
        ['r:1', true],
      ],
    );
  });

  test('events go to the windows that watch their conversation, numbered over all windows', () => {
    start(aId, ONE);
    start(bId, TWO);
    fromRuntime({ type: 'stream_delta', runtime: ONE, n: 1 });
    fromRuntime({ type: 'stream_delta', runtime: TWO, n: 2 });
    assert.deepEqual(a.last, { type: 'stream_delta', runtime: ONE, n: 1 });
    assert.deepEqual(b.last, { type: 'stream_delta', runtime: TWO, n: 2 });
    assert.deepEqual(
      [a, b].map((window) => [window.messages.at(-1)?.['epoch'], window.messages.at(-1)?.['seq']]),
      [
        ['e1', 3],
        ['e1', 4],
      ],
    );
  });

  test('the default conversations of two agents are kept apart', () => {
    start(aId, { agent_id: 'agent-1', conversation_id: 'default' });
    start(bId, { agent_id: 'agent-2', conversation_id: 'default' });
    fromRuntime({ type: 'stream_delta', runtime: { agent_id: 'agent-2', conversation_id: 'default' } });
    assert.equal(a.last?.['type'], 'runtime_start_response');
    assert.equal(b.last?.['type'], 'stream_delta');
  });

  test('any frame about a conversation makes its window watch it', () => {
    relay.fromWindow(bId, { type: 'sync', request_id: 'r', runtime: ONE });
    fromRuntime({ type: 'update_queue', runtime: ONE });
    assert.deepEqual([a.frames.length, b.frames.length], [0, 1]);
  });

  test('what comes before the answer that names a new conversation reaches the window that makes it', () => {
    relay.fromWindow(aId, { type: 'runtime_start', request_id: 'r', create_conversation: { body: {} } });
    fromRuntime({ type: 'update_device_status', runtime: ONE });
    fromRuntime({ type: 'runtime_start_response', request_id: lastSent()['request_id'], runtime: ONE });
    fromRuntime({ type: 'update_queue', runtime: ONE });
    assert.deepEqual(
      a.frames.map((frame) => frame['type']),
      ['update_device_status', 'runtime_start_response', 'update_queue'],
    );
    assert.deepEqual(b.frames, []);
  });

  test('events of no conversation go to all', () => {
    fromRuntime({ type: 'memory_updated', affected_paths: [] });
    assert.deepEqual([a.frames.length, b.frames.length], [1, 1]);
  });

  test('a window that comes second is told that it watches, and takes the mode as it is', () => {
    start(aId, ONE, { mode: 'acceptEdits' });
    assert.ok(!('watching' in (a.last ?? {})), 'the first one chose');
    start(bId, ONE, { mode: 'standard' });
    assert.equal(b.last?.['watching'], true);
  });

  test('every window hears which conversations are at work, once per change, and on coming', () => {
    const told = (window: FakeWindow) =>
      window.messages.flatMap(({ broker }) =>
        isRecord(broker) && broker['type'] === 'working' ? [broker['runtimes']] : [],
      );
    const status = (runtime: WireFrame, name: string): void => {
      fromRuntime({ type: 'update_loop_status', runtime, loop_status: { status: name } });
    };
    start(aId, ONE);
    status(ONE, 'PROCESSING_API_RESPONSE');
    status(ONE, 'EXECUTING_CLIENT_SIDE_TOOL');
    status(TWO, 'WAITING_ON_APPROVAL');
    assert.deepEqual(told(b), [[ONE], [ONE, TWO]]);
    const late = new FakeWindow();
    relay.greet(relay.add(late), { type: 'hello', wire: 1, version: '1', epoch: 'e', runtime: 'up' });
    assert.deepEqual(told(late), [[ONE, TWO]]);
    status(ONE, 'WAITING_ON_INPUT');
    relay.onDown(1, 'ended');
    assert.deepEqual(told(late), [[ONE, TWO], [TWO], []]);
  });

  test('a further start leaves mode and directory alone, until the runtime starts again', () => {
    const wanted = { mode: 'unrestricted', cwd: '/elsewhere' };
    start(aId, ONE, { mode: 'standard', cwd: '/here' });
    start(bId, ONE, wanted);
    assert.deepEqual(
      ['mode', 'cwd'].map((key) => key in lastSent()),
      [false, false],
    );
    relay.onDown(1, 'ended');
    relay.onUp('e2');
    start(bId, ONE, wanted);
    assert.deepEqual([lastSent()['mode'], lastSent()['cwd']], ['unrestricted', '/elsewhere']);
  });

  test('a further start without tools does not take those of another window away', () => {
    const tools = [{ tools: [{ name: 'openFile' }] }];
    start(aId, ONE, { external_tools: tools });
    start(bId, ONE);
    assert.deepEqual(lastSent()['external_tools'], tools);
    relay.remove(aId);
    start(bId, ONE);
    assert.equal('external_tools' in lastSent(), false);
  });

  test('a window takes its own tools back by a start without them', () => {
    start(aId, ONE, { external_tools: [{ tools: [{ name: 'openFile' }] }] });
    start(aId, ONE);
    assert.equal('external_tools' in lastSent(), false);
    start(bId, ONE);
    assert.equal('external_tools' in lastSent(), false);
  });

  test('a tool of a window is called there, and answered for when the window is gone', () => {
    relay.fromWindow(aId, {
      type: 'runtime_start',
      request_id: 'r',
      create_conversation: { body: {} },
      external_tools: [{ tools: [{ name: 'openFile' }] }],
    });
    fromRuntime({ type: 'runtime_start_response', request_id: lastSent()['request_id'], runtime: ONE });
    start(bId, ONE);
    const request = { type: 'external_tool_call_request', request_id: 'external-tool-1', runtime: ONE };
    fromRuntime(request);
    assert.deepEqual(a.last, request);
    assert.equal(b.last?.['type'], 'runtime_start_response');
    const response = { type: 'external_tool_call_response', request_id: 'external-tool-1', result: {} };
    relay.fromWindow(aId, response);
    assert.deepEqual(lastSent(), response);
    relay.remove(aId);
    fromRuntime(request);
    assert.equal(lastSent()['request_id'], 'external-tool-1');
    assert.match(String(lastSent()['error']), /was closed/);
  });

  test('when the runtime ends, whoever waits is answered, messages as not accepted', () => {
    relay.fromWindow(aId, { type: 'list_models', request_id: 'r1' });
    relay.fromWindow(aId, { type: 'input', request_id: 'r2', runtime: ONE });
    relay.fromWindow(bId, { type: 'abort_message', request_id: 'r3', runtime: ONE });
    fromRuntime({ type: 'list_models_response', request_id: sent[0]?.['request_id'], success: true });
    relay.onDown(1, 'it ended');
    const error = 'it ended';
    assert.deepEqual(a.last, {
      type: 'input_accepted',
      request_id: 'r2',
      success: false,
      error,
      accepted: false,
    });
    assert.equal(a.frames.length, 2);
    assert.deepEqual(b.frames, [{ type: 'abort_message_response', request_id: 'r3', success: false, error }]);
  });

  test('that the runtime ended is said before its requests are answered: they are lost, not refused', () => {
    relay.fromWindow(aId, { type: 'input', request_id: 'r1', runtime: ONE });
    const before = a.messages.length;
    relay.onDown(1, 'it ended');
    assert.deepEqual(
      a.messages.slice(before).map((message) => Object.keys(message).find((key) => key !== 'epoch')),
      ['broker', 'seq'],
    );
  });

  test('while there is no runtime a request is answered at once', () => {
    isUp = false;
    relay.fromWindow(aId, { type: 'list_models', request_id: 'r1' });
    assert.equal(a.last?.['success'], false);
    isUp = true;
    relay.onDown(1, 'ended');
    assert.equal(a.frames.length, 1);
  });

  test('it knows whether a turn runs, waits for a person, or none does', () => {
    const status = (value: string): void => {
      fromRuntime({ type: 'update_loop_status', runtime: ONE, loop_status: { status: value } });
    };
    const seen = [
      'PROCESSING_API_RESPONSE',
      'WAITING_ON_APPROVAL',
      'EXECUTING_CLIENT_SIDE_TOOL',
      'WAITING_ON_INPUT',
    ].map((value) => {
      status(value);
      return relay.work;
    });
    assert.deepEqual(seen, ['running', 'waiting', 'running', 'none']);
    assert.equal(idleChanges, 2 + 4);
    status('PROCESSING_API_RESPONSE');
    relay.onDown(1, 'ended');
    assert.equal(relay.work, 'none');
  });

  test('a window that does not read is cut off, one that is closing is left alone', () => {
    a.bufferedAmount = 65 * 1024 * 1024;
    b.readyState = 2;
    fromRuntime({ type: 'memory_updated' });
    assert.deepEqual(
      [a.isTerminated, a.messages.length, b.isTerminated, b.messages.length],
      [true, 0, false, 0],
    );
  });

  test('answers for a window that is gone are dropped', () => {
    relay.fromWindow(aId, { type: 'list_models', request_id: 'r1' });
    relay.remove(aId);
    fromRuntime({ type: 'list_models_response', request_id: lastSent()['request_id'] });
    assert.deepEqual([a.messages.length, b.messages.length, relay.windowCount], [0, 0, 1]);
  });

  test('what the runtime says and nobody can read is counted, and told once a minute', () => {
    for (const text of ['{', 'null', '[]', '']) relay.onFrame(text);
    relay.onUnreadable();
    for (const window of [a, b])
      assert.deepEqual(window.messages, [{ broker: { type: 'unreadable', count: 1 } }]);
    fromRuntime({ type: 'memory_updated' });
    assert.equal(a.last?.['type'], 'memory_updated');
  });

  test('of two starts at once only the first sets mode and directory', () => {
    const begin = (windowId: number): void => {
      relay.fromWindow(windowId, { type: 'runtime_start', request_id: 's', ...ONE, mode: 'm', cwd: '/c' });
    };
    begin(aId);
    begin(bId);
    assert.deepEqual(
      sent.map((frame) => 'mode' in frame),
      [true, false],
    );
  });

  test('a start that failed, or did not reach the runtime, is not the one that sets the mode', () => {
    const begin = (): WireFrame => {
      relay.fromWindow(aId, { type: 'runtime_start', request_id: 's', ...ONE, mode: 'standard' });
      return lastSent();
    };
    const first = begin();
    isUp = false;
    begin();
    isUp = true;
    fromRuntime({ type: 'runtime_start_response', request_id: first['request_id'], success: false });
    assert.equal(begin()['mode'], 'standard');
    relay.onDown(1, 'ended');
    isUp = false;
    begin();
    isUp = true;
    relay.onUp('e2');
    assert.equal(begin()['mode'], 'standard');
  });
});

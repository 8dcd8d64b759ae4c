import assert from 'node:assert/strict';
import fc from 'fast-check';
import { setup, suite, test } from 'mocha';
import { Relay, type WindowSocket } from '../../../src/broker/relay.ts';
import { TurnRings } from '../../../src/broker/turnRings.ts';
import { parseObject } from '../../../src/shared/json.ts';
import type { WireFrame } from '../../../src/shared/wire.ts';

const MB = 1024 * 1024;
const runtimeOf = (name: string): WireFrame => ({ agent_id: 'agent-1', conversation_id: name });
const status = (value: string): WireFrame => ({ type: 'update_loop_status', loop_status: { status: value } });
const BEGIN = status('SENDING_API_REQUEST');
const REST = status('WAITING_ON_INPUT');
const FINISHED: WireFrame = { type: 'turn_finished', stop_reason: 'end_turn' };
const ECHO: WireFrame = { type: 'stream_delta', delta: { message_type: 'user_message' } };
const FAILED: WireFrame = { type: 'stream_delta', delta: { message_type: 'loop_error' } };
const token = (text: string): WireFrame => ({ type: 'stream_delta', delta: { text } });

const QUIET = { line: () => undefined };

suite('the rings of the newest turns', () => {
  let rings: TurnRings;
  let seq: number;

  setup(() => {
    rings = new TurnRings();
    seq = 0;
  });

  function keep(key: string, ...frames: readonly WireFrame[]): void {
    for (const frame of frames) rings.keep(key, frame, ++seq, JSON.stringify(frame));
  }

  function kept(key: string, since = 0): readonly WireFrame[] {
    return rings.messages(key, since).map((text) => parseObject(text) ?? {});
  }

  test('a turn is kept after its end, with the error that follows it, until the next begins', () => {
    keep('a', BEGIN, token('one'), REST, FINISHED, FAILED);
    assert.deepEqual(kept('a'), [BEGIN, token('one'), REST, FINISHED, FAILED]);
    keep('a', BEGIN);
    assert.deepEqual(kept('a'), [BEGIN]);
  });

  test('a turn out of the queue begins with its message, though a status at rest follows that', () => {
    keep('a', BEGIN, token('one'), REST, FINISHED, ECHO, REST, BEGIN, token('two'));
    assert.deepEqual(kept('a'), [ECHO, REST, BEGIN, token('two')]);
  });

  test('a message that is taken into a running turn does not begin one', () => {
    keep('a', BEGIN, token('one'), ECHO, token('two'));
    assert.equal(kept('a').length, 4);
  });

  test('a server that does not say the end is believed when it is at rest', () => {
    keep('a', BEGIN, token('one'), REST, BEGIN);
    assert.deepEqual(kept('a'), [BEGIN]);
  });

  test('the state that every start sends anew is not kept', () => {
    keep('a', BEGIN, { type: 'update_device_status', device_status: {} }, token('one'));
    assert.deepEqual(kept('a'), [BEGIN, token('one')]);
  });

  test('only what its window has not', () => {
    keep('a', BEGIN, token('one'), token('two'));
    assert.deepEqual(kept('a', 2), [token('two')]);
  });

  test('a turn of more than 2 MB is dropped whole, and the next is kept', () => {
    keep('a', BEGIN, token('x'.repeat(MB)), token('y'.repeat(MB)), token('z'));
    assert.deepEqual(kept('a'), []);
    assert.equal(rings.sizeBytes, 0);
    keep('a', FINISHED, BEGIN, token('one'));
    assert.deepEqual(kept('a'), [BEGIN, token('one')]);
  });

  test('of more than 6 MB the turns that began first are dropped whole', () => {
    for (const key of ['a', 'b', 'c', 'd']) keep(key, BEGIN, token('x'.repeat(1.7 * MB)));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => kept(key).length),
      [0, 2, 2, 2],
    );
    assert.ok(rings.sizeBytes < 6 * MB);
  });
});

class Recorder implements WindowSocket {
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly seqs: number[] = [];

  send(text: string): void {
    const message = parseObject(text);
    const seq = message?.['seq'];
    if (typeof seq === 'number' && !text.includes('runtime_start_response')) this.seqs.push(seq);
  }

  terminate(): void {
    assert.fail('cut off');
  }
}

type Step = readonly ['frame', string, WireFrame] | readonly ['join' | 'return', string];

const conversation = fc.constantFrom('conv-1', 'conv-2');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('frame' as const), conversation, fc.constant(token('t'))) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('frame' as const),
      conversation,
      fc.constantFrom(BEGIN, REST, FINISHED, ECHO, FAILED, { type: 'update_device_status' }),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('join' as const, 'return' as const), conversation) },
);

suite('a window that comes in the middle of a turn', () => {
  test('gets every frame of it once and in order, whenever it comes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let upstream: WireFrame = {};
        const send = (json: string): boolean => {
          upstream = parseObject(json) ?? {};
          return true;
        };
        const relay = new Relay(send, () => undefined, QUIET);
        relay.onUp('e');
        let seq = 0;
        /** What the runtime said of each conversation, and where its newest turn began. */
        const said = new Map<string, { seq: number; isState: boolean }[]>();
        const windows: { name: string; socket: Recorder; from: number; joinedAt: number }[] = [];
        const begins = new Map<string, { at: number; phase: 'over' | 'announced' | 'running' }>();

        for (const [kind, name, frame] of steps) {
          const runtime = runtimeOf(name);
          const all = said.get(name) ?? [];
          said.set(name, all);
          const turn = begins.get(name) ?? { at: 0, phase: 'over' as const };
          if (frame !== undefined) {
            relay.onFrame(JSON.stringify({ ...frame, runtime }));
            all.push({ seq: ++seq, isState: frame['type'] === 'update_device_status' });
            if (turn.phase === 'over' && (frame === BEGIN || frame === ECHO))
              begins.set(name, { at: seq, phase: frame === BEGIN ? 'running' : 'announced' });
            else if (frame === BEGIN) begins.set(name, { ...turn, phase: 'running' });
            else if (frame === FINISHED || (frame === REST && turn.phase === 'running'))
              begins.set(name, { ...turn, phase: 'over' });
            continue;
          }
          const socket = new Recorder();
          const id = relay.add(socket);
          const last = kind === 'return' ? (all.at(-3)?.seq ?? 0) : 0;
          const message = { type: 'runtime_start', request_id: 'r', ...runtime };
          relay.fromWindow(id, message, { epoch: 'e', seq: last });
          windows.push({ name, socket, from: Math.max(turn.at, last + 1), joinedAt: seq });
          relay.onFrame(
            JSON.stringify({
              type: 'runtime_start_response',
              request_id: upstream['request_id'],
              success: true,
              runtime,
            }),
          );
          seq++;
        }
        for (const { name, socket, from, joinedAt } of windows) {
          const expected = (said.get(name) ?? [])
            .filter((one) => one.seq >= from && (!one.isState || one.seq > joinedAt))
            .map((one) => one.seq);
          assert.deepEqual(socket.seqs, expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what its window has of another life of the runtime does not count', () => {
    const relay = new Relay(
      () => true,
      () => undefined,
      QUIET,
    );
    relay.onUp('e2');
    relay.onFrame(JSON.stringify({ ...BEGIN, runtime: runtimeOf('conv-1') }));
    const socket = new Recorder();
    const start = { type: 'runtime_start', request_id: 'r', ...runtimeOf('conv-1') };
    relay.fromWindow(relay.add(socket), start, { epoch: 'e1', seq: 90 });
    assert.deepEqual(socket.seqs, [1]);
    relay.onDown(1, 'ended');
    relay.onUp('e3');
    const later = new Recorder();
    relay.fromWindow(relay.add(later), start);
    assert.deepEqual(later.seqs, []);
  });
});

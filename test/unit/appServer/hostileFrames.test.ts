import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { INITIAL_FOLD } from '../../../src/core/foldState.ts';
import { foldAll } from '../../../src/core/replay.ts';
import { decodeFrame } from '../../../src/server/appServer/decode.ts';
import { decodeHistory } from '../../../src/server/appServer/decodeHistory.ts';
import { decodeRecording } from '../../../src/server/appServer/recording.ts';
import { stampEvents } from '../../../src/server/appServer/stamp.ts';
import { RECORDINGS, frameOf, isReceived, recordedRows } from '../../support/coreRecordings.ts';
import type { Row } from '../../support/coreRecordings.ts';

const CLEAN = '01-plain-streaming-reply';
const PLAIN = recordedRows(CLEAN);
/** Without those of the clean recording: what was received before is rightly not taken again. */
const FRAMES = RECORDINGS.filter((name) => name !== CLEAN).flatMap((name) =>
  recordedRows(name).filter(isReceived),
);

/** Values that a broken or hostile server could put anywhere. */
const garbage: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    -1,
    1e308,
    Number.NaN,
    '',
    '__proto__',
    [],
    {},
    [null],
    [[]],
    'x'.repeat(9000),
  ),
  fc.json().map((json) => JSON.parse(json) as unknown), // any JSON value
  fc.constant(JSON.parse('{"__proto__":{"type":"turn_finished"},"constructor":1,"toString":null}')),
);

type Mutation = (value: unknown) => unknown;

/** Replaces, removes or renames a member somewhere in a frame. */
const mutation: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('set', 'drop', 'rename'),
    garbage,
  )
  .map(
    ([path, how, value]) =>
      (frame) =>
        mutate(frame, path, how, value),
  );

function mutate(value: unknown, path: readonly number[], how: string, put: unknown): unknown {
  if (typeof value !== 'object' || value === null) return put;
  const entries: [string, unknown][] = Object.entries(value);
  const [first = 0, ...rest] = path;
  const entry = entries[first % Math.max(1, entries.length)];
  if (entry === undefined) return put;
  const [key, old] = entry;
  if (rest.length > 0 && typeof old === 'object' && old !== null) {
    return Array.isArray(value)
      ? value.map((item: unknown, index) => (String(index) === key ? mutate(item, rest, how, put) : item))
      : { ...value, [key]: mutate(old, rest, how, put) };
  }
  if (how === 'set')
    return Array.isArray(value) ? replaced(value, Number(key), put) : { ...value, [key]: put };
  const others = Object.fromEntries(entries.filter(([name]) => name !== key));
  return how === 'drop' ? others : { ...others, [`${key}_x`]: old };
}

function replaced(items: readonly unknown[], index: number, put: unknown): readonly unknown[] {
  return items.with(index, put);
}

const mutatedFrame = fc
  .tuple(fc.constantFrom(...FRAMES), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([row, mutations]) => mutations.reduce<unknown>((frame, change) => change(frame), frameOf(row)));

suite('hostile frames', () => {
  test('no frame makes the decoder throw', () => {
    fc.assert(
      fc.property(fc.oneof(mutatedFrame, garbage, fc.anything()), (frame) => {
        decodeFrame(frame);
        decodeHistory(frame);
      }),
      { numRuns: 5000 },
    );
  });

  test('no sequence of broken frames makes the fold throw, or loses what comes after it', () => {
    const reply = 'tok0 tok1 tok2 tok3 tok4 tok5 ';
    fc.assert(
      fc.property(fc.array(mutatedFrame, { minLength: 1, maxLength: 30 }), (frames) => {
        const broken = frames.flatMap((frame, index) =>
          stampEvents(decodeFrame(frame).events, index, 'broken', index + 1),
        );
        const before = foldAll(broken);
        const after = foldAll(decodeRecording(PLAIN)[0]?.events ?? [], before);
        const texts = after.transcript.turns
          .flatMap((turn) => turn.parts)
          .filter((part) => part.kind === 'text');
        assert.ok(
          texts.some((part) => part.text.endsWith(reply)),
          'the reply after the broken frames is missing',
        );
        assert.equal(decodedUsers(after), 1);
      }),
      { numRuns: 2000 },
    );
  });

  test('a broken frame in one conversation leaves another as it is', () => {
    const clean = foldAll(decodeRecording(PLAIN)[0]?.events ?? []);
    fc.assert(
      fc.property(fc.array(fc.tuple(mutatedFrame, fc.nat()), { maxLength: 10 }), (broken) => {
        const rows: Row[] = [...PLAIN];
        for (const [frame, where] of broken) {
          // Frames that name no conversation are told to the one that runs: they are not of another one.
          const row = { t: 0, dir: 'in', conn: 'other', frame: inOther(frame) };
          rows.splice(where % rows.length, 0, row);
        }
        const mine = decodeRecording(rows).find(({ ref }) => ref.conversationId === 'local-conv-107');
        assert.deepEqual(foldAll(mine?.events ?? []).transcript, clean.transcript);
      }),
      { numRuns: 500 },
    );
  });

  test('a frame with a huge number of returns is bounded', () => {
    const events = decodeFrame({
      type: 'update_queue',
      queue: Array.from({ length: 100_000 }, (_, index) => ({ id: String(index), content: 'x' })),
    }).events;
    assert.equal(events.length, 1);
    const many = Array.from({ length: 10_000 }, () => events[0]).filter((event) => event !== undefined);
    assert.ok(stampEvents(many, 0, 's', 1).length < 10_000);
  });

  test('__proto__ in a frame pollutes nothing', () => {
    const frame: unknown = JSON.parse(
      '{"__proto__":{"polluted":true},"type":"stream_delta","delta":{"__proto__":{"polluted":1}}}',
    );
    decodeFrame(frame);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    assert.equal(INITIAL_FOLD.transcript.turns.length, 0);
  });
});

function decodedUsers(state: ReturnType<typeof foldAll>): number {
  const parts = state.transcript.turns.flatMap((turn) => turn.parts);
  return (
    parts.filter((part) => part.kind === 'user' && part.id === 'cm-plain-1').length +
    Number(state.queue.some((entry) => entry.clientId === 'cm-plain-1'))
  );
}

function inOther(frame: unknown): unknown {
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return frame;
  return { ...frame, runtime: { agent_id: 'agent-other', conversation_id: 'other' } };
}

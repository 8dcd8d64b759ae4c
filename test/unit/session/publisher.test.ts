import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import fc from 'fast-check';
import { coalesce, FRAME_MS, Publisher } from '../../../src/core/publisher.ts';
import { applyPatches, type TranscriptPatch } from '../../../src/shared/patch.ts';
import { NO_METRICS, type Transcript, type Turn } from '../../../src/shared/transcript.ts';
import { FakeClock } from '../../support/fakeClock.ts';

interface Posted {
  readonly kind: 'update' | 'snapshot';
  readonly seq: number;
  readonly patches: readonly TranscriptPatch[];
}

function publisher(): {
  readonly clock: FakeClock;
  readonly posted: Posted[];
  readonly publisher: Publisher;
} {
  const clock = new FakeClock();
  const posted: Posted[] = [];
  return {
    clock,
    posted,
    publisher: new Publisher(clock, {
      update: (seq, patches) => posted.push({ kind: 'update', seq, patches }),
      snapshot: (seq) => posted.push({ kind: 'snapshot', seq, patches: [] }),
    }),
  };
}

const append = (offset: number, text: string): TranscriptPatch => ({
  op: 'append',
  turnId: 't',
  partId: 'p',
  offset,
  text,
});

suite('publisher', () => {
  test('nothing is sent before the view is ready', () => {
    const { clock, posted, publisher: one } = publisher();
    one.publish([append(0, 'a')], {});
    clock.advance(1000);
    assert.deepEqual(posted, []);
  });

  test('a thousand changes in one frame are one post, with one append', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    for (let offset = 0; offset < 1000; offset++) one.publish([append(offset, 'a')], {});
    clock.advance(FRAME_MS);
    assert.equal(posted.length, 2);
    assert.deepEqual(posted[1], { kind: 'update', seq: 2, patches: [append(0, 'a'.repeat(1000))] });
  });

  test('at most one post a frame, whatever comes in', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    let offset = 0;
    for (let ms = 0; ms < 1000; ms++) {
      one.publish([append(offset++, 'a')], {});
      clock.advance(1);
      one.acknowledge(posted.at(-1)?.seq ?? 0);
    }
    assert.ok(posted.length - 1 <= Math.ceil(1000 / FRAME_MS) + 1, `${String(posted.length)} posts`);
    assert.ok(posted.length > 30, 'and it does not fall behind either');
  });

  test('a view that does not acknowledge gets two updates, then one a second', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    let offset = 0;
    const run = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 5) {
        one.publish([append(offset++, 'a')], {});
        clock.advance(5);
      }
    };
    run(500);
    assert.equal(posted.length, 3);
    run(700);
    assert.equal(posted.length, 5);
    const whole = posted.flatMap((post) => post.patches);
    assert.deepEqual(coalesce(whole).length, 1, 'nothing between was lost');
  });

  test('an acknowledgement of something never sent changes nothing', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    one.acknowledge(99);
    one.acknowledge(-1);
    one.publish([append(0, 'a')], {});
    clock.advance(FRAME_MS);
    assert.equal(posted.length, 2);
  });

  test('a view that asks again gets a snapshot and no older update', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    one.publish([append(0, 'a')], {});
    one.restart();
    clock.advance(1000);
    assert.deepEqual(
      posted.map((post) => post.kind),
      ['snapshot', 'snapshot'],
    );
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  test('a paused view is left alone', () => {
    const { clock, posted, publisher: one } = publisher();
    one.restart();
    one.publish([append(0, 'a')], {});
    one.pause();
    clock.advance(1000);
    assert.equal(posted.length, 1);
    assert.equal(clock.pending, 0);
  });
});

const START: Transcript = {
  turns: [
    {
      id: 't',
      state: 'active',
      outcome: null,
      metrics: NO_METRICS,
      parts: [
        { kind: 'text', id: 'p', text: '' },
        { kind: 'reasoning', id: 'q', text: '', startedAt: 1, endedAt: null },
      ],
    },
  ],
  hasOlder: false,
};

/** Patches that fit START, one after the other. */
const runs = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('append' as const), id: fc.constantFrom('p', 'q'), text: fc.string() }),
      fc.record({
        kind: fc.constant('setTurn' as const),
        state: fc.constantFrom<Turn['state']>('active', 'ended'),
      }),
      fc.record({ kind: fc.constant('setPart' as const), text: fc.string() }),
      fc.record({ kind: fc.constant('reset' as const) }),
    ),
    { maxLength: 40 },
  )
  .map((steps) => {
    const patches: TranscriptPatch[] = [];
    let transcript = START;
    for (const step of steps) {
      const patch = toPatch(step, transcript);
      transcript = applyPatches(transcript, [patch]);
      patches.push(patch);
    }
    return { patches, transcript };
  });

type Step =
  | { readonly kind: 'append'; readonly id: string; readonly text: string }
  | { readonly kind: 'setTurn'; readonly state: Turn['state'] }
  | { readonly kind: 'setPart'; readonly text: string }
  | { readonly kind: 'reset' };

function toPatch(step: Step, transcript: Transcript): TranscriptPatch {
  switch (step.kind) {
    case 'append': {
      const part = transcript.turns[0]?.parts.find((one) => one.id === step.id);
      const offset = part?.kind === 'text' || part?.kind === 'reasoning' ? part.text.length : 0;
      return { op: 'append', turnId: 't', partId: step.id, offset, text: step.text };
    }
    case 'setTurn':
      return { op: 'setTurn', turnId: 't', state: step.state };
    case 'setPart':
      return { op: 'setPart', turnId: 't', part: { kind: 'text', id: 'p', text: step.text } };
    case 'reset':
      return { op: 'reset', transcript: START };
  }
}

suite('coalesced patches', () => {
  test('appends to different parts stay apart, also where their offsets would fit', () => {
    const patches = [append(0, 'ab'), { ...append(2, 'c'), partId: 'q' }];
    assert.deepEqual(coalesce(patches), patches);
  });

  // Shown red by merging appends of different parts, and by keeping patches before a reset.
  test('have the same effect as the single ones, also after a JSON round trip', () => {
    fc.assert(
      fc.property(runs, ({ patches, transcript }) => {
        const wire = JSON.parse(JSON.stringify(coalesce(patches))) as readonly TranscriptPatch[];
        assert.deepEqual(applyPatches(START, wire), transcript);
        assert.ok(wire.length <= patches.length);
      }),
      { numRuns: 1000 },
    );
  });
});

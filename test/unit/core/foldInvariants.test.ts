import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { INITIAL_FOLD } from '../../../src/core/foldState.ts';
import type { FoldState } from '../../../src/core/foldState.ts';
import { reduce } from '../../../src/core/reduce.ts';
import { coalesce } from '../../../src/core/publisher.ts';
import { applyPatches } from '../../../src/shared/patch.ts';
import type { TranscriptPatch } from '../../../src/shared/patch.ts';
import { EMPTY_TRANSCRIPT } from '../../../src/shared/transcript.ts';
import { anyEvents } from '../../support/coreEvents.ts';

const OPEN = ['announced', 'waitingForApproval', 'allowed', 'running'];

function assertSound(state: FoldState): void {
  const { transcript, currentTurnId, unwindingTurnId, queue } = state;
  const turnIds = transcript.turns.map((turn) => turn.id);
  assert.equal(new Set(turnIds).size, turnIds.length, 'turn ids are unique');
  const current = transcript.turns.find((turn) => turn.id === currentTurnId);
  assert.equal(currentTurnId === null, current === undefined, 'the current turn is there');
  assert.notEqual(current?.state, 'ended', 'the current turn runs');
  assert.ok(currentTurnId === null || unwindingTurnId === null, 'a turn unwinds only when none runs');
  for (const turn of transcript.turns) {
    const ids = turn.parts.map((part) => part.id);
    assert.equal(new Set(ids).size, ids.length, 'part ids are unique in a turn');
    if (turn.state !== 'ended') continue;
    for (const part of turn.parts) {
      assert.ok(
        part.kind !== 'tool' || !OPEN.includes(part.state),
        `a call is open in an ended turn: ${part.id}`,
      );
      assert.ok(
        part.kind !== 'tool' || part.approval?.state !== 'pending',
        'a question is open in an ended turn',
      );
    }
  }
  const users = transcript.turns.flatMap((turn) => turn.parts).filter((part) => part.kind === 'user');
  const messages = [...users.map((part) => part.id), ...queue.map((entry) => entry.clientId)];
  assert.equal(new Set(messages).size, messages.length, 'a message is shown once');
}

suite('whatever a server says', () => {
  test('the fold never throws, stays sound, and its patches make its transcript', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        let state = INITIAL_FOLD;
        for (const event of events) {
          const step = reduce(state, event);
          assert.deepEqual(applyPatches(state.transcript, step.patches), step.state.transcript);
          assertSound(step.state);
          state = step.state;
        }
      }),
      { numRuns: 4000 },
    );
  });

  test('its patches gathered, merged and sent as JSON make the same transcript', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        let state = INITIAL_FOLD;
        const gathered: TranscriptPatch[] = [];
        for (const event of events) {
          const step = reduce(state, event);
          state = step.state;
          gathered.push(...step.patches);
        }
        const sent: unknown = JSON.parse(JSON.stringify(coalesce(gathered)));
        const mirror = applyPatches(EMPTY_TRANSCRIPT, sent as readonly TranscriptPatch[]); // the same patches, through JSON
        assert.deepEqual(mirror, state.transcript);
      }),
      { numRuns: 3000 },
    );
  });

  test('a submitted message is never lost: it is in the transcript or in the queue', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        let state = INITIAL_FOLD;
        const submitted = new Set<string>();
        for (const event of events) {
          state = reduce(state, event).state;
          if (event.event.type === 'messageSubmitted') submitted.add(event.event.clientId);
          // Taken back by the person.
          if (event.event.type === 'messageWithdrawn') submitted.delete(event.event.clientId);
          if (event.event.type === 'queueChanged') {
            for (const { clientId, disposition } of event.event.removed) {
              if (disposition === 'cancelled' && clientId !== null) submitted.delete(clientId);
            }
          }
          // A gap in history drops what is old: the server has it.
          if (event.event.type === 'historyRead') submitted.clear();
          for (const clientId of submitted) assert.ok(isShown(state, clientId), clientId);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('the same event twice is the same as once', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        let state = INITIAL_FOLD;
        for (const event of events) {
          state = reduce(state, event).state;
          if (event.stamp !== null) assert.equal(reduce(state, event).state, state);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function isShown(state: FoldState, clientId: string): boolean {
  return (
    state.queue.some((entry) => entry.clientId === clientId) ||
    state.transcript.turns.some((turn) =>
      turn.parts.some(
        (part) => part.kind === 'user' && (part.id === clientId || part.id === `user|${clientId}`),
      ),
    )
  );
}

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { INITIAL_FOLD } from '../../../src/core/foldState.ts';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';
import { reduce } from '../../../src/core/reduce.ts';

/** As a window sees it that did not send the message: the server echoes it only when it came out of the queue. */
const EVENTS: readonly LettaEvent[] = [
  {
    type: 'phaseChanged',
    phase: 'streaming',
    runIds: ['run-1'],
    executingCallIds: [],
    promptsByRun: [{ runId: 'run-1', clientIds: ['client-1'] }],
  },
  { type: 'textDelta', partId: 'ui-msg-4', text: 'Let', order: { runId: 'run-1', seq: 1 } },
  {
    type: 'historyRead',
    place: 'newest',
    page: {
      messages: [
        {
          kind: 'user',
          at: null,
          id: 'ui-msg-3',
          clientId: 'client-1',
          text: 'Go',
          attachments: [],
          origin: 'person',
        },
        { kind: 'text', at: null, id: 'ui-msg-4', text: 'Let me' },
      ],
      before: null,
    },
  },
];

suite('FINDING of the broker helper, for the owner of core', () => {
  // Fails today: two turns come out, ['client-1'] (ended, without outcome) with the prompt and ['ui-msg-4'] with the reply.
  test.skip('a turn that streamed before its prompt was known is one turn when history tells of both', () => {
    const { transcript } = EVENTS.reduce(
      (state, event) => reduce(state, { event, at: 1, stamp: null }).state,
      INITIAL_FOLD,
    );
    assert.deepEqual(
      transcript.turns.map(({ id, state, parts }) => ({ id, state, parts: parts.map((part) => part.kind) })),
      [{ id: 'client-1', state: 'active', parts: ['user', 'text'] }],
    );
  });
});

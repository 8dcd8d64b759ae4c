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

suite('a turn of another window', () => {
  test('that streamed before its prompt was known is one turn when history tells of both', () => {
    const { transcript } = EVENTS.reduce(
      (state, event) => reduce(state, { event, at: 1, stamp: null }).state,
      INITIAL_FOLD,
    );
    assert.deepEqual(
      transcript.turns.map(({ id, state, parts }) => ({ id, state, parts: parts.map((part) => part.kind) })),
      [{ id: 'client-1', state: 'active', parts: ['user', 'text'] }],
    );
  });

  test('that failed before anything came is a failed turn here too', () => {
    const failing: readonly LettaEvent[] = [
      ...EVENTS.slice(0, 1),
      { type: 'failed', isTerminal: false, message: 'Invalid key', reason: 'unauthorised' },
      { type: 'turnFinished', stopReason: 'llm_api_error', message: '', reason: null, runId: 'run-1' },
    ];
    const { transcript } = failing.reduce(
      (state, event) => reduce(state, { event, at: 1, stamp: null }).state,
      INITIAL_FOLD,
    );
    assert.deepEqual(
      transcript.turns.map(({ id, outcome }) => [id, outcome?.kind]),
      [['client-1', 'failed']],
    );
  });

  test('that was sent here before the connection went away goes on as the same turn', () => {
    const returning: readonly LettaEvent[] = [
      { type: 'messageSubmitted', clientId: 'client-1', text: 'Go', attachments: [] },
      { type: 'connectionLost', message: 'Letta on this computer went silent.' },
      ...EVENTS.slice(0, 2),
      { type: 'turnFinished', stopReason: 'end_turn', message: '', reason: null, runId: 'run-1' },
      ...EVENTS.slice(2),
    ];
    const { transcript } = returning.reduce(
      (state, event) => reduce(state, { event, at: 1, stamp: null }).state,
      INITIAL_FOLD,
    );
    assert.deepEqual(
      transcript.turns.map(({ id, outcome, parts }) => [id, outcome?.kind, parts.map((part) => part.kind)]),
      [['client-1', 'completed', ['user', 'text']]],
    );
  });
});

import fc from 'fast-check';
import { NO_METRICS } from '../../src/shared/transcript.ts';
import type { Part } from '../../src/shared/transcript.ts';
import type { HistoryMessage, LettaEvent, StampedEvent } from '../../src/core/lettaEvent.ts';

/** Any events in any order, over few ids so that they meet: nothing here has to make sense. */
const id = fc.constantFrom('a', 'b', 'c', 'd');
const run = fc.constantFrom('r1', 'r2');
const words = fc.constantFrom('', 'one ', 'two ');
const order = fc.option(fc.record({ runId: run, seq: fc.nat({ max: 5 }) }));
const reason = fc.constantFrom('unauthorised' as const, 'modelError' as const, 'unknown' as const);
const origin = fc.constantFrom('person' as const, 'system' as const);
const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);
const attachments = fc.constant([]);

const historyMessage: fc.Arbitrary<HistoryMessage> = fc.oneof(
  fc.record({
    kind: is('user'),
    at: fc.constant(null),
    id,
    clientId: fc.option(id),
    text: words,
    attachments,
    origin,
  }),
  fc.record({ kind: is('text'), at: fc.constant(null), id, text: words }),
  fc.record({ kind: is('reasoning'), at: fc.constant(null), id, text: words }),
  fc.record({ kind: is('toolCall'), at: fc.constant(null), callId: id, name: id, args: words }),
  fc.record({
    kind: is('toolReturn'),
    at: fc.constant(null),
    callId: id,
    isError: fc.boolean(),
    output: words,
  }),
  fc.record({ kind: is('compacted'), at: fc.constant(null), id, summary: words }),
  fc.record({ kind: is('unknown'), at: fc.constant(null), id, name: id, json: words }),
);

const calls = fc.array(id, { maxLength: 2 });
/** Goes through JSON, which knows no objects without a prototype. */
const PLAIN = { noNullPrototype: true };
const memoryFile = fc.record({ path: id, added: fc.nat({ max: 2 }), removed: fc.nat({ max: 2 }) }, PLAIN);

/** Kept in the transcript as it is: plain objects, as from a file. */
const plain = { noNullPrototype: true };
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record(
    {
      kind: is('user'),
      id,
      text: words,
      attachments,
      delivery: fc.constantFrom('pending' as const, 'sent' as const, 'unsent' as const),
      origin,
    },
    plain,
  ),
  fc.record({ kind: is('text'), id, text: words }, plain),
  fc.record(
    {
      kind: is('tool'),
      id,
      name: id,
      args: words,
      state: fc.constantFrom('running' as const, 'done' as const),
      output: words,
      startedAt: fc.constant(null),
      endedAt: fc.constant(null),
      approval: fc.constant(null),
    },
    plain,
  ),
);

const journalRecord = fc.record({
  afterTurnId: fc.option(id),
  turn: fc.record(
    {
      id,
      state: fc.constantFrom('active' as const, 'ended' as const),
      outcome: fc.constant(null),
      parts: fc.uniqueArray(part, { maxLength: 4, selector: (one) => one.id }),
      metrics: fc.constant({ ...NO_METRICS, startedAt: 1 }),
    },
    plain,
  ),
});

export const anyEvent: fc.Arbitrary<LettaEvent> = fc.oneof(
  fc.record({ type: is('messageSubmitted'), clientId: id, text: words, attachments }),
  fc.record({ type: is('messageRejected'), clientId: id, message: words }),
  fc.record({
    type: is('approvalAnswered'),
    requestId: id,
    decision: fc.constantFrom('allow' as const, 'deny' as const),
    reason: words,
  }),
  fc.record({ type: is('approvalRefused'), requestId: id, message: words }),
  fc.record({ type: is('stopRequested') }),
  fc.record({ type: is('stopConfirmed') }),
  fc.record({ type: is('connectionLost'), message: words }),
  fc.record({
    type: is('phaseChanged'),
    phase: fc.constantFrom(
      'idle' as const,
      'streaming' as const,
      'runningTool' as const,
      'runningCommand' as const,
    ),
    runIds: fc.array(run, { maxLength: 2 }),
    executingCallIds: calls,
    promptsByRun: fc.array(fc.record({ runId: run, clientIds: calls }), { maxLength: 1 }),
  }),
  fc.record({ type: is('textDelta'), partId: id, text: words, order }),
  fc.record({ type: is('reasoningDelta'), partId: id, text: words, order }),
  fc.record({
    type: is('userMessage'),
    clientId: fc.option(id),
    messageId: id,
    text: words,
    attachments,
    origin,
  }),
  fc.record({ type: is('toolCalled'), callId: id, name: id, args: words, isWhole: fc.boolean(), order }),
  fc.record({
    type: is('approvalsClassified'),
    askedCallIds: calls,
    allowedCallIds: calls,
    deniedCallIds: calls,
  }),
  fc.record({
    type: is('approvalAsked'),
    requestId: id,
    callId: id,
    name: id,
    input: words,
    diffs: fc.constant([]),
  }),
  fc.record({ type: is('toolStarted'), callId: id, name: id, args: words }),
  fc.record({ type: is('toolOutput'), callId: id, output: words }),
  fc.record({ type: is('toolReturned'), callId: id, isError: fc.boolean(), output: words }),
  fc.record({ type: is('toolEnded'), callId: id, isError: fc.boolean() }),
  fc.record({
    type: is('usage'),
    runId: run,
    inputTokens: fc.nat({ max: 9 }),
    outputTokens: fc.nat({ max: 9 }),
    contextTokens: fc.option(fc.nat()),
  }),
  fc.record({ type: is('stepStopped'), stopReason: id, runId: fc.option(run) }),
  fc.record({
    type: is('retrying'),
    layer: fc.constantFrom('model' as const, 'turn' as const),
    attempt: fc.nat({ max: 3 }),
    maxAttempts: fc.constant(3),
    delayMs: fc.constant(1000),
    message: words,
    reason,
  }),
  fc.record({ type: is('failed'), isTerminal: fc.boolean(), message: words, reason }),
  fc.record({
    type: is('turnFinished'),
    stopReason: fc.constantFrom('end_turn', 'cancelled', 'llm_api_error', 'max_steps'),
    message: words,
    reason: fc.option(reason),
    runId: fc.option(run),
  }),
  fc.record({ type: is('notice'), id, level: fc.constant('info' as const), text: words }),
  fc.record({ type: is('commandRan'), id, input: words, output: fc.option(words), isError: fc.boolean() }),
  fc.record({ type: is('compacted'), id, summary: words }),
  fc.record({ type: is('memoryChanged'), paths: calls }),
  fc.record({
    type: is('remembered'),
    runId: fc.option(run),
    callId: fc.option(id),
    change: fc.record(
      {
        from: id,
        to: id,
        files: fc.array(memoryFile, { maxLength: 2 }),
        canUndo: fc.boolean(),
        isUndone: fc.boolean(),
      },
      PLAIN,
    ),
  }),
  fc.record({ type: is('memoryUndone'), from: id, to: id }),
  fc.record({ type: is('fileChanged'), path: id }),
  fc.record({ type: is('subagentsChanged'), running: fc.nat({ max: 3 }) }),
  fc.record({
    type: is('queueChanged'),
    items: fc.array(fc.record({ itemId: id, clientId: fc.option(id), text: words, isPaused: fc.boolean() }), {
      maxLength: 3,
    }),
    removed: fc.array(
      fc.record({ clientId: fc.option(id), disposition: fc.constantFrom('dequeued', 'cancelled') }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    type: is('deviceChanged'),
    mode: fc.constant('standard' as const),
    cwd: fc.constant(null),
    isProcessing: fc.boolean(),
    pendingRequestIds: calls,
  }),
  fc.record({
    type: is('historyRead'),
    place: fc.constantFrom('newest' as const, 'older' as const),
    page: fc.record({ messages: fc.array(historyMessage, { maxLength: 6 }), before: fc.option(id) }),
  }),
  fc.record({ type: is('messageWithdrawn'), clientId: id }),
  fc.record({ type: is('messageNotKept'), clientId: id }),
  fc.record({ type: is('journalRead'), records: fc.array(journalRecord, { maxLength: 3 }) }),
  fc.record({ type: is('unreadable') }),
  fc.record({ type: is('unknown'), id, name: id, json: words }),
);

export const anyEvents: fc.Arbitrary<readonly StampedEvent[]> = fc
  .array(fc.tuple(anyEvent, fc.option(fc.constantFrom('A', 'B'))), { maxLength: 60 })
  .map((all) =>
    all.map(([event, source], index) => ({
      event,
      at: index * 100,
      stamp: source === null ? null : { source, ordinal: index },
    })),
  );

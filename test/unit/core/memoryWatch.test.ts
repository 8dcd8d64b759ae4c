import assert from 'node:assert/strict';
import { setup, suite, test } from 'mocha';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import type { HistoryMessage, LettaEvent } from '../../../src/core/lettaEvent.ts';
import { undoReason } from '../../../src/core/memoryUndo.ts';
import { MemoryWatch } from '../../../src/core/memoryWatch.ts';
import type { MemoryChange } from '../../../src/shared/transcript.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';
import { FakeMemory } from '../../support/fakeMemory.ts';

const REF = { agentId: 'agent-1', conversationId: 'conv-1' };
const OTHER = { agentId: 'agent-1', conversationId: 'conv-2' };
const phase = (name: 'streaming' | 'idle', runId = 'run-1'): LettaEvent => ({
  type: 'phaseChanged',
  phase: name,
  runIds: name === 'idle' ? [] : [runId],
  executingCallIds: [],
});
const HINT: LettaEvent = { type: 'memoryChanged', paths: ['a.md'] };

async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

suite('what the agent remembered in a turn', () => {
  let memory: FakeMemory;
  let logger: FakeLogger;
  let watch: MemoryWatch;
  let told: Extract<LettaEvent, { type: 'remembered' }>[];

  setup(() => {
    memory = new FakeMemory();
    logger = new FakeLogger();
    told = [];
    watch = new MemoryWatch(memory, logger, (_ref, event) => {
      if (event.type === 'remembered') told.push(event);
    });
  });

  async function take(...events: readonly LettaEvent[]): Promise<void> {
    for (const event of events) {
      watch.take(REF, event);
      await settled();
    }
  }
  const last = (): MemoryChange => {
    const event = told.at(-1);
    assert.ok(event !== undefined, 'something was told');
    return event.change;
  };

  test('a version that nobody announced is found at the end', async () => {
    const from = memory.head;
    await take(phase('streaming'));
    const to = memory.set('a.md', 'one\ntwo\n');
    await take(phase('idle'));
    assert.equal(told.length, 1);
    assert.equal(told[0]?.runId, 'run-1');
    assert.deepEqual(last(), {
      from,
      to,
      files: [{ path: 'a.md', added: 2, removed: 0 }],
      canUndo: true,
      isUndone: false,
    });
  });

  test('an announced one is told at once, and not twice', async () => {
    await take(phase('streaming'));
    memory.set('a.md', 'one\n');
    await take(HINT);
    assert.equal(told.length, 1);
    await take(phase('idle'), { type: 'turnFinished', stopReason: 'end_turn', message: '', reason: null });
    assert.equal(told.length, 1);
  });

  test('several versions are counted together: what came and went is nothing', async () => {
    memory.set('b.md', 'same\n');
    await take(phase('streaming'));
    memory.set('a.md', 'one\ntwo\n');
    memory.set('a.md', 'one\nTWO\nthree\n');
    memory.set('b.md', 'other\n');
    memory.set('b.md', 'same\n');
    await take(phase('idle'));
    assert.deepEqual(last().files, [{ path: 'a.md', added: 3, removed: 0 }]);
  });

  test('what came before the turn, or without one, is not told', async () => {
    memory.set('a.md', 'before\n');
    await take(HINT, phase('idle'), phase('streaming'), phase('idle'));
    memory.set('a.md', 'between\n');
    await take(phase('streaming'), phase('idle'));
    assert.deepEqual(told, []);
  });

  test("the person's own writing parts what the agent did: neither is told as the agent's, nor undone with it", async () => {
    await take(phase('streaming'));
    const first = memory.set('a.md', 'agent\n');
    const own = await memory.write('agent-1', 'a.md', new TextEncoder().encode('agent\nperson\n'), 'mine');
    const second = memory.set('b.md', 'agent\n');
    await take(phase('idle'));
    assert.deepEqual(
      told.map(({ change }) => [change.from, change.to]),
      [
        [memory.versions[0]?.id, first],
        [own, second],
      ],
    );
  });

  test('two conversations keep their own beginnings', async () => {
    await take(phase('streaming'));
    memory.set('a.md', 'one\n');
    watch.take(OTHER, phase('streaming', 'run-2'));
    await settled();
    await take(phase('idle'));
    assert.equal(told.length, 1);
  });

  test('a memory that does not answer is logged and costs nothing else', async () => {
    memory.log = () => Promise.reject(new Error('no answer'));
    await take(phase('streaming'), HINT, phase('idle'));
    assert.deepEqual(told, []);
    assert.equal(logger.at('warn').length, 1);
  });

  test('a memory that never answers is waited for once', async () => {
    let asked = 0;
    memory.log = () => {
      asked++;
      return Promise.reject(new LettaError('timeout', 'Letta did not answer in time.'));
    };
    await take(phase('streaming'), phase('idle'), phase('streaming'), phase('idle'));
    assert.equal(asked, 1);
  });

  test('a lost connection ends the watch; after dispose nothing is told', async () => {
    await take(phase('streaming'), { type: 'connectionLost', message: 'gone' });
    memory.set('a.md', 'one\n');
    await take(phase('idle'), phase('streaming'));
    memory.set('a.md', 'two\n');
    watch.take(REF, phase('idle'));
    watch.dispose();
    await settled();
    assert.deepEqual(told, []);
  });

  suite('from history', () => {
    const user = (at: number): HistoryMessage => ({
      kind: 'user',
      at,
      id: `u${String(at)}`,
      clientId: null,
      text: 'x',
      attachments: [],
      origin: 'person',
    });
    const result = (at: number, callId: string, output: string): HistoryMessage => ({
      kind: 'toolReturn',
      at,
      callId,
      isError: false,
      output,
    });
    const read = (...messages: readonly HistoryMessage[]): LettaEvent => ({
      type: 'historyRead',
      place: 'newest',
      page: { messages, before: null },
    });

    test('a result that names a version of its time is its row; one that only lists it is not', async () => {
      memory.now = 10_000;
      const from = memory.head;
      const to = memory.set('a.md', 'one\n');
      const named = `Memory create committed locally (${to.slice(0, 7)}).`;
      await take(
        read(
          user(9000),
          result(11_000, 'call-1', named),
          user(60_000),
          result(61_000, 'call-2', `log: ${named}`),
        ),
      );
      assert.deepEqual(
        told.map(({ callId, change }) => [callId, change.from, change.to, change.isUndone]),
        [['call-1', from, to, false]],
      );
    });

    test('without a name in a result the memory is not even asked', async () => {
      await take(read(user(1), result(2, 'call-1', 'nothing of interest')));
      assert.deepEqual(memory.asked, []);
    });

    test('it is undone when a later version says so and holds what was there before', async () => {
      memory.now = 10_000;
      const to = memory.set('a.md', 'one\n');
      const page = read(user(9000), result(11_000, 'call-1', to.slice(0, 7)));
      memory.set('b.md', 'x\n', undoReason({ to }));
      await take(page);
      assert.equal(last().isUndone, false, 'said, but not done');
      memory.set('a.md', null, undoReason({ to }));
      await take(page);
      assert.equal(last().isUndone, true);
    });
  });
});

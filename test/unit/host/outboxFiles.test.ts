import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import { OutboxFiles } from '../../../src/host/outboxFiles.ts';
import { JournalFiles } from '../../../src/host/journalFiles.ts';
import type { KeptMessage } from '../../../src/core/outbox.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';

const target = { agentId: 'agent-1', conversationId: 'conv-1', title: null, newId: 'n' };
const KEY = 'agent-1/conv-1';

function message(clientId: string, writtenAt: number): KeptMessage {
  return { clientId, text: `text of ${clientId}`, attachments: [], target, writtenAt };
}

suite('messages on disk', () => {
  let folder = '';
  const logger = new FakeLogger();
  const clock = new FakeClock();
  const windows: OutboxFiles[] = [];
  const open = (place = '/a'): OutboxFiles => {
    const window = new OutboxFiles({ folder, place, clock, logger });
    windows.push(window);
    return window;
  };

  setup(async () => {
    folder = await mkdtemp(join(tmpdir(), 'letta-outbox-'));
    clock.set(Date.now());
  });

  teardown(async () => {
    for (const window of windows.splice(0)) window.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test('a message of a living window stays its own; of one that ended it is taken, once', async () => {
    const first = open();
    await first.write(message('c2', 2));
    await first.write(message('c1', 1));
    const second = open();
    assert.deepEqual(await second.claim([KEY]), []);
    first.dispose();
    const third = open('/b');
    const [a, b] = await Promise.all([second.claim([KEY]), third.claim([KEY])]);
    const taken = [...a, ...b].map((one) => one.message.clientId).sort();
    assert.deepEqual(taken, ['c1', 'c2'], 'each by exactly one window');
    for (const { isOwn } of a) assert.ok(isOwn);
    for (const { isOwn } of b) assert.ok(!isOwn, 'written in another folder');
    assert.equal(await first.isStillOurs('c1'), false);
  });

  test('in the order they were written; other conversations are left alone', async () => {
    const first = open();
    for (const [index, id] of ['z', 'm', 'a'].entries()) await first.write(message(id, 5 + index));
    await first.write({ ...message('other', 1), target: { ...target, conversationId: 'conv-2' } });
    first.dispose();
    const second = open();
    assert.deepEqual(
      (await second.claim([KEY])).map((one) => one.message.clientId),
      ['z', 'm', 'a'],
    );
    assert.deepEqual(await second.leftHere(), [{ ...target, conversationId: 'conv-2' }]);
  });

  test('a window that has not said for a minute that it lives is gone', async () => {
    const first = open();
    await first.write(message('c1', 1));
    clock.set(Date.now() + 61_000);
    const second = open();
    assert.equal((await second.claim([KEY])).length, 1);
    assert.equal(await first.isStillOurs('c1'), false, 'and finds out before it sends');
  });

  test('removed is removed; what cannot be read is set aside and not fatal', async () => {
    const first = open();
    await first.write(message('c1', 1));
    await first.write(message('c2', 2));
    await first.remove('c1');
    first.dispose();
    const [window = ''] = await readdir(folder);
    await writeFile(join(folder, window, 'x.json'), '{"half":');
    const second = open();
    assert.deepEqual(
      (await second.claim([KEY])).map((one) => one.message.clientId),
      ['c2'],
    );
    assert.ok((await readdir(join(folder, window))).includes('x.json.broken'));
  });

  test('a client id cannot leave the folder', async () => {
    const first = open();
    await first.write(message('../../evil', 1));
    assert.deepEqual((await readdir(folder)).length, 1);
    assert.ok(await first.isStillOurs('../../evil'));
  });

  test('turns that were seen: written, replaced, removed, in order; a broken file is set aside', async () => {
    const journal = new JournalFiles(folder, logger, () => 7);
    const turn = (id: string, startedAt: number) => ({
      id,
      state: 'ended' as const,
      outcome: { kind: 'stopped' as const },
      parts: [{ kind: 'text' as const, id: 't', text: 'half' }],
      metrics: {
        startedAt,
        firstTokenAt: null,
        endedAt: null,
        outputTokens: 0,
        inputTokens: 0,
        isEstimated: true,
        steps: 1,
      },
    });
    await journal.write(KEY, { turn: turn('b', 2), afterTurnId: 'a' });
    await journal.write(KEY, { turn: turn('a', 1), afterTurnId: null });
    await journal.write(KEY, { turn: turn('c', 3), afterTurnId: 'b' });
    await journal.remove(KEY, 'c');
    assert.deepEqual(
      (await journal.read(KEY)).map((record) => [record.turn.id, record.afterTurnId]),
      [
        ['a', null],
        ['b', 'a'],
      ],
    );
    const [conversation = ''] = await readdir(folder);
    const [file = ''] = await readdir(join(folder, conversation));
    await writeFile(join(folder, conversation, file), '{"version":99}');
    assert.equal((await journal.read(KEY)).length, 1);
    assert.deepEqual(await journal.read('agent-1/other'), []);
    assert.match(await readFile(join(folder, conversation, `${file}.broken`), 'utf8'), /99/);
  });
});

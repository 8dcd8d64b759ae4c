import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { StampedEvent } from '../../src/core/lettaEvent.ts';
import { OpenChat } from '../support/openChat.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

/** Enough for the cuts of one test: a link takes longer to make than a turn of the demo lasts. */
const NEWCOMERS = 8;

suite('a window that comes in the middle of a turn, on the real runtime', function () {
  this.timeout(60_000);
  let fixture: RuntimeFixture;
  let agentId: string;

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    const link = await fixture.connect();
    const chat = await OpenChat.on(link);
    const demo = await link.startDemo();
    await chat.connection.connectProvider(demo.providerId, demo.fields);
    while (!(await chat.connection.listModels()).some(({ handle }) => handle === demo.modelHandle));
    ({ id: agentId } = await chat.connection.createAgent({ name: 'T', modelHandle: demo.modelHandle }));
  });

  suiteTeardown(() => fixture.dispose());

  async function chats(count: number): Promise<readonly OpenChat[]> {
    const links = await Promise.all(Array.from({ length: count }, () => fixture.connect()));
    return Promise.all(links.map((link) => OpenChat.on(link)));
  }

  /**
   * One window says `text` and sees all; at each of the cuts another one comes. From its history on every newcomer
   * shows, frame by frame, what the first one showed at the same frame.
   */
  async function compare(
    text: string,
    cuts: readonly ((first: OpenChat) => boolean)[],
    during: (first: OpenChat) => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly OpenChat[]> {
    const [first, ...newcomers] = await chats(cuts.length + 1);
    assert.ok(first !== undefined && cuts.length <= NEWCOMERS);
    await first.make(agentId, fixture.workspace);
    const shownAt = new Map<number, string>();
    first.onFolded = ({ stamp }) => {
      if (stamp !== null) shownAt.set(stamp.ordinal, JSON.stringify(first.shown));
    };
    const wrong: string[] = [];
    const opened = cuts.map(async (isThere, index) => {
      const chat = newcomers[index];
      assert.ok(chat !== undefined);
      let hasHistory = false;
      chat.onFolded = ({ event, stamp }: StampedEvent) => {
        hasHistory ||= event.type === 'historyRead';
        if (!hasHistory || stamp === null) return;
        const expected = shownAt.get(stamp.ordinal);
        const shown = JSON.stringify(chat.shown);
        if (expected !== undefined && shown !== expected)
          wrong.push(`cut ${String(index)}, ${event.type}:\n  ${shown}\n  ${expected}`);
      };
      await first.until(`cut ${String(index)}`, () => isThere(first));
      await chat.open(first.ref);
      assertOnce(chat);
    });
    await first.say(text);
    await during(first);
    await Promise.all(opened);
    const all = [first, ...newcomers];
    await Promise.all(all.map((chat) => chat.ended()));
    await Promise.all(all.map((chat) => chat.connection.readHistory(first.ref, null, 50)));
    for (const [index, chat] of newcomers.entries())
      assert.deepEqual(chat.shown, first.shown, `newcomer ${String(index)} at the end`);
    assert.deepEqual(wrong.slice(0, 2), [], `${String(wrong.length)} differences`);
    return all;
  }

  const count = (chat: OpenChat, type: string): number =>
    chat.events.filter(({ event }) => event.type === type).length;

  test('in reasoning, in text and after the end', async () => {
    const [first] = await compare('TEST REASON=30 N=60 D=12', [
      (chat) => count(chat, 'phaseChanged') >= 1,
      (chat) => count(chat, 'reasoningDelta') >= 1,
      (chat) => count(chat, 'reasoningDelta') >= 17,
      (chat) => count(chat, 'textDelta') >= 1,
      (chat) => count(chat, 'textDelta') >= 9,
      (chat) => count(chat, 'textDelta') >= 33,
      (chat) => chat.text.includes('tok58'),
      (chat) => count(chat, 'turnFinished') >= 1,
    ]);
    assert.match(first?.text ?? '', /^tok0 tok1 .* tok59 $/);
  });

  test('while an approval waits, in a command that runs, and after it', async () => {
    const command = 'for i in 1 2 3 4 5 6 7 8; do echo line$i; sleep 0.15; done';
    const call = `TEST CALL:Bash:{"command":"${command}","description":"Count"};; AFTER:That was it.;;`;
    const all = await compare(
      call,
      [
        (chat) => chat.pendingRequest !== null,
        (chat) => count(chat, 'toolStarted') >= 1,
        (chat) => count(chat, 'toolOutput') >= 1,
        (chat) => count(chat, 'toolOutput') >= 3,
        (chat) => count(chat, 'toolReturned') >= 1,
        (chat) => chat.text.includes('That'),
      ],
      async (first) => {
        await first.until('the question', () => first.pendingRequest !== null);
        assert.equal(await first.answer('allow'), true);
      },
    );
    for (const chat of all) assert.ok(JSON.stringify(chat.parts).includes('line1\\nline2'));
  });

  test('an approval can be answered by the one who came, and is closed for the one who asked', async () => {
    const [first, second] = await chats(2);
    assert.ok(first !== undefined && second !== undefined);
    await first.make(agentId, fixture.workspace);
    await first.say('TEST CALL:Bash:{"command":"echo second > who.txt","description":"Write"};; N=3');
    await first.until('the question', () => first.pendingRequest !== null);
    await second.open(first.ref);
    assert.equal(second.pendingRequest, first.pendingRequest);
    assert.equal(await second.answer('allow'), true);
    await Promise.all([first.ended(), second.ended()]);
    assert.equal(first.pendingRequest, null);
  });

  test('after a turn that failed, with why it did, also where its own window opens it anew', async () => {
    const [first, second] = await chats(2);
    assert.ok(first !== undefined && second !== undefined);
    await first.make(agentId, fixture.workspace);
    await first.say('TEST N=20 D=10');
    await first.say('TEST ERR=401x9');
    await first.until('the failure', () => first.outcome === 'failed');
    const shown = first.shown;
    for (const chat of [second, first]) {
      await chat.open(first.ref);
      assert.deepEqual(chat.shown, shown);
    }
  });

  /** No number comes twice, and they only grow. */
  function assertOnce(chat: OpenChat): void {
    const ordinals = chat.events.flatMap(({ stamp }) => (stamp === null ? [] : [stamp.ordinal]));
    assert.deepEqual(
      ordinals,
      [...new Set(ordinals)].sort((a, b) => a - b),
    );
  }
});

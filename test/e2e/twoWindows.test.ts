import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { assertTokens, Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

suite('two windows on one conversation, packaged, without a network', function () {
  this.timeout(90_000);
  let vscode: VscodeUnderTest;
  const windows: Workbench[] = [];
  let first: Chat;
  /** Another folder. */
  let second: Chat;

  suiteSetup(async function () {
    this.timeout(120_000);
    vscode = await VscodeUnderTest.start({
      isNetworkOff: true,
      settings: { 'letta.demo.autoStart': true },
      env: { LETTA_DEMO_TEST: '1' },
    });
    const opened = await vscode.openChat();
    windows.push(opened.window);
    first = new Chat(opened.chat);
    await first.sendAndFinish('TEST N=4 shared conversation');
    const folder = join(vscode.dataDir, 'other-folder');
    await mkdir(folder);
    const other = await vscode.openWindow({ folder });
    windows.push(other);
    second = new Chat(await other.openChat());
    await other.runCommand('Letta: Show Conversations…');
    await other.pick('TEST N=4 shared conversation');
    await second.turnsWith('TEST N=4 shared conversation').waitFor();
  });

  teardown(async function () {
    if (this.currentTest?.state !== 'failed') return;
    for (const [index, { page }] of windows.entries()) {
      const name = `failed-${String(index)}-${this.currentTest.title.slice(0, 40)}.png`;
      await page.screenshot({ path: join('screenshots', name) });
    }
  });

  suiteTeardown(async () => {
    await vscode.dispose();
  });

  /** What a person reads, without the figures, which each window takes by its own clock. */
  async function transcript(chat: Chat): Promise<readonly string[]> {
    const turns = await chat.turns.allInnerTexts();
    return turns.map((text) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^(first token|\d+ s$|\d+ tok)/.test(line))
        .join('\n'),
    );
  }

  async function assertSame(): Promise<void> {
    assert.deepEqual(await transcript(second), await transcript(first));
  }

  test('the second window shows what was said before', async () => {
    assertTokens(await second.lastTurn.innerText(), 4);
    await assertSame();
  });

  test('a reply streams into both, and the prompt stands once', async () => {
    await first.send('TEST REASON=3 N=90 D=25 from the first');
    await second.turnsWith('from the first').waitFor();
    await Promise.all([first.sees('tok5 '), second.sees('tok5 ')]);
    assert.equal(await second.lastTurn.getAttribute('aria-busy'), 'true', 'live');
    assertTokens(await first.finished(), 90);
    assertTokens(await second.finished(), 90);
    assert.equal(await second.turnsWith('from the first').count(), 1);
    await assertSame();
  });

  test('and the other way round, with a message queued from the first', async () => {
    await second.send('TEST N=90 D=25 from the second');
    await first.turnsWith('from the second').waitFor();
    await first.sees('tok5 ');
    await first.composer.fill('TEST N=3 queued behind it');
    await first.composer.press('Enter');
    await second.turnsWith('queued behind it').waitFor();
    assertTokens(await first.finished(), 3);
    assertTokens(await second.finished(), 3);
    for (const chat of [first, second]) {
      assertTokens(await chat.turns.nth(-2).innerText(), 90);
      assert.equal(await chat.turnsWith('from the second').count(), 1);
      assert.equal(await chat.turnsWith('queued behind it').count(), 1);
    }
    await assertSame();
  });

  test('an answer given in the second closes the card in the first, counts once, and runs in the first folder', async () => {
    const call = JSON.stringify({ command: 'pwd >> ran-once.txt && pwd', description: 'answered' });
    await first.send(`TEST CALL:Bash:${call};; AFTER:Then this.;;`);
    await Promise.all([first.approval.waitFor(), second.approval.waitFor()]);
    for (const chat of [first, second]) {
      const card = await chat.approval.innerText();
      assert.match(card, /photo-sync/);
      assert.doesNotMatch(card, /other-folder/);
    }
    await second.approval.getByRole('button', { name: 'Allow', exact: true }).click();
    await first.approval.waitFor({ state: 'detached' });
    await Promise.all([first.tool('Bash', 'done').waitFor(), second.tool('Bash', 'done').waitFor()]);
    for (const chat of [first, second]) {
      assert.match(await chat.finished(), /Then this\./);
      assert.equal(await chat.approval.count(), 0);
    }
    assert.equal(await readFile(join(vscode.folder, 'ran-once.txt'), 'utf8'), `${vscode.folder}\n`);
    await assertSame();
  });

  test('both answer at once: one counts, nothing runs twice', async () => {
    const call = JSON.stringify({ command: 'echo ran >> both.txt && echo ok', description: 'both' });
    await first.send(`TEST both CALL:Bash:${call};; AFTER:Answered by both.;;`);
    const allow = (chat: Chat) =>
      chat.approval.getByRole('button', { name: 'Allow', exact: true }).click({ timeout: 3000 });
    await Promise.all([first.approval.waitFor(), second.approval.waitFor()]);
    // The card of the slower one may be gone already.
    await Promise.all([allow(first).catch(() => undefined), allow(second).catch(() => undefined)]);
    await Promise.all([first.tool('Bash', 'done').waitFor(), second.tool('Bash', 'done').waitFor()]);
    for (const chat of [first, second]) assert.match(await chat.finished(), /Answered by both\./);
    assert.equal(await readFile(join(vscode.folder, 'both.txt'), 'utf8'), 'ran\n');
    await assertSame();
  });

  test('the mode of the first is as it was, in both', async () => {
    for (const chat of [first, second]) await chat.frame.getByText('Ask before changes').waitFor();
  });

  test('the second window closed in mid-reply: the first goes on', async () => {
    await second.send('TEST N=80 D=25 and closed');
    await second.sees('tok3 ');
    await windows[1]?.close();
    assertTokens(await first.finished(), 80);
    assert.equal(await first.turnsWith('and closed').count(), 1);
    assert.equal(await first.frame.getByText('Not sent yet').count(), 0);
  });
});

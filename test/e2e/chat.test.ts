import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { assertTokens, Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

suite('a chat in a real VS Code, packaged, without a network', function () {
  this.timeout(60_000);
  let vscode: VscodeUnderTest;
  let window: Workbench;
  let chat: Chat;

  suiteSetup(async function () {
    this.timeout(120_000);
    vscode = await VscodeUnderTest.start({
      isNetworkOff: true,
      settings: { 'letta.demo.autoStart': true },
      env: { LETTA_DEMO_TEST: '1' },
    });
    const opened = await vscode.openChat();
    window = opened.window;
    chat = new Chat(opened.chat);
  });

  teardown(async function () {
    if (this.currentTest?.state === 'failed') {
      await window.page.screenshot({
        path: join('screenshots', `failed-${this.currentTest.title.slice(0, 40)}.png`),
      });
    }
  });

  suiteTeardown(async () => {
    await vscode.dispose();
  });

  test('a reply grows in at least 20 steps while the model streams', async () => {
    await chat.send('TEST N=5 D=5');
    await chat.finished();
    const growth = await chat.watchGrowth();
    await chat.send('TEST N=60 D=30');
    const text = await chat.finished();
    assertTokens(text, 60);
    const steps = await growth();
    assert.ok(steps.length >= 20, `${String(steps.length)} growth steps`);
    assert.match(text, /first token [\d.]+ s\s+60 tokens\s+\d+ tok\/s/);
    assert.match(text, /demo/i, 'labelled as a demo');
  });

  test('a command waits for Allow, runs with its output shown, and ends', async () => {
    const command = 'for i in 1 2 3 4; do echo line $i; sleep 0.2; done; touch allowed.txt';
    await chat.send(
      `TEST CALL:Bash:${JSON.stringify({ command, description: 'try it' })};; AFTER:The end.;;`,
    );
    await chat.approval.waitFor();
    assert.match(
      await chat.approval.innerText(),
      /for i in 1 2 3 4; do echo line \$i; sleep 0\.2; done; touch allowed\.txt/,
    );
    await chat.tool('Bash', 'waiting for approval').waitFor();
    await chat.approval.getByRole('button', { name: 'Allow', exact: true }).click();
    await chat.tool('Bash', 'running').waitFor();
    const row = chat.tool('Bash', 'done');
    await row.waitFor();
    assert.match(await chat.finished(), /The end\./);
    assert.equal(await readFile(join(vscode.folder, 'allowed.txt'), 'utf8'), '');
    await row.getByRole('button').first().click();
    await row.getByText('line 4').waitFor();
  });

  test('a denied command does not run, and the reason is shown', async () => {
    const command = 'touch denied.txt && echo done';
    await chat.send(
      `TEST again CALL:Bash:${JSON.stringify({ command, description: 'try it' })};; AFTER:Then not.;;`,
    );
    await chat.approval.getByRole('button', { name: /^Deny/ }).click();
    await chat.approval.getByRole('textbox').fill('use the cached list');
    await chat.approval.getByRole('textbox').press('Enter');
    await chat.tool('Bash', 'denied').waitFor();
    const text = await chat.finished();
    assert.match(text, /use the cached list/);
    assert.match(text, /Then not\./);
    await assert.rejects(readFile(join(vscode.folder, 'denied.txt')), { code: 'ENOENT' });
  });

  test('an edit shows its change before it is made', async () => {
    const file = join(vscode.folder, 'hello.txt');
    const input = { file_path: file, content: 'alpha\nbeta\n' };
    await chat.send(`TEST CALL:Write:${JSON.stringify(input)};; AFTER:Written.;;`);
    await chat.approval.waitFor();
    const shown = await chat.approval.innerText();
    assert.match(shown, /hello\.txt/);
    assert.match(shown, /alpha/);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
    await chat.approval.getByRole('button', { name: 'Allow', exact: true }).click();
    await chat.tool('Write', 'done').waitFor();
    await chat.finished();
    assert.equal(await readFile(file, 'utf8'), 'alpha\nbeta\n');
  });

  test('Stop in mid-stream keeps what came, and the chat goes on', async () => {
    await chat.send('TEST stop N=400 D=25');
    await chat.sees('tok20');
    const clicked = Date.now();
    await chat.stopButton.click();
    await chat.frame.getByText('Stopp', { exact: false }).first().waitFor();
    assert.ok(Date.now() - clicked < 1000, 'the click and its answer, seen through the browser driver');
    const text = await chat.finished();
    assert.match(text, /tok20/);
    assert.doesNotMatch(text, /tok399/);
    assert.match(text, /stopped/i);
    assertTokens(await chat.sendAndFinish('TEST N=4'), 4);
  });

  test('a message typed during a turn is queued visibly and answered after it', async () => {
    await chat.send('TEST N=50 D=30');
    await chat.sees('tok3');
    await chat.composer.fill('TEST queued N=3');
    await chat.composer.press('Enter');
    await chat.frame.getByRole('listitem').filter({ hasText: 'TEST queued N=3' }).waitFor();
    assert.equal(await chat.composer.inputValue(), '');
    await chat.turns.filter({ hasText: 'TEST queued N=3' }).waitFor();
    assertTokens(await chat.finished(), 3);
    assertTokens(await chat.turns.nth(-2).innerText(), 50);
  });

  test('hidden and shown again in mid-stream: nothing is lost, nothing doubled', async () => {
    await chat.send('TEST hide N=120 D=25');
    await chat.sees('tok10');
    await window.runCommand('View: Show Explorer');
    await chat.frame.waitForFunction(() => true).catch(() => undefined);
    chat = new Chat(await window.openChat());
    assertTokens(await chat.finished(), 120);
  });

  test('an approval that waits while nobody sees it is a badge, and is there when the view is shown', async () => {
    const command = JSON.stringify({ command: 'touch badge.txt && echo ok', description: 'try it' });
    await chat.send(`TEST badge FIRST=800 CALL:Bash:${command};; AFTER:Seen.;;`);
    await window.runCommand('View: Show Explorer');
    await window.page.getByRole('tab', { name: /Letta.*The agent waits for your answer/ }).waitFor();
    chat = new Chat(await window.openChat());
    assert.match(await chat.approval.innerText(), /touch badge\.txt && echo ok/);
    await chat.approval.getByRole('button', { name: 'Allow', exact: true }).click();
    assert.match(await chat.finished(), /Seen\./);
  });

  test('moved to the panel below in mid-stream, and back', async () => {
    await chat.send('TEST move N=120 D=25');
    await chat.sees('tok10');
    await window.runCommand('View: Move View');
    await window.pick('Chat');
    await window.pick('New Panel Entry');
    chat = new Chat(await window.openChat());
    assertTokens(await chat.finished(), 120);
    await window.runCommand('View: Reset View Locations');
    chat = new Chat(await window.openChat());
    assertTokens(await chat.finished(), 120);
  });

  test('a chat in a tab is independent: two stream at once, each gets its own', async () => {
    await window.runCommand('Letta: New Conversation');
    await window.runCommand('Letta: Open Chat in Editor');
    const tab = new Chat(await window.chatFrame('editor'));
    chat = new Chat(await window.openChat());
    await chat.send('TEST side N=90 D=30');
    await tab.send('TEST tab N=70 D=30');
    await chat.sees('tok5');
    await tab.sees('tok5');
    assert.equal(await chat.lastTurn.getAttribute('aria-busy'), 'true');
    assert.equal(await tab.lastTurn.getAttribute('aria-busy'), 'true');
    const [left, right] = await Promise.all([chat.finished(), tab.finished()]);
    assertTokens(left, 90);
    assertTokens(right, 70);
    assert.ok(!left.includes('TEST tab'));
    assert.ok(!right.includes('TEST side'));
  });

  test('a reloaded window shows the conversation and the draft', async () => {
    await chat.composer.fill('not sent yet');
    await vscode.kept('not sent yet');
    await window.page.reload();
    await window.ready();
    chat = new Chat(await window.chatFrame('view'));
    await chat.turns.filter({ hasText: 'TEST side' }).waitFor();
    assert.equal(await chat.composer.inputValue(), 'not sent yet');
    assertTokens(await chat.lastTurn.innerText(), 90);
    await chat.composer.fill('');
    assertTokens(await chat.sendAndFinish('TEST after N=4'), 4);
  });
});

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { assertTokens, Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

const GRACE_SECONDS = 5;
const OURS = /broker\.cjs|letta\.js|demoModel\.cjs/;

suite('trouble ends in a row that helps, packaged, without a network', function () {
  this.timeout(90_000);
  let vscode: VscodeUnderTest;
  let window: Workbench;
  let chat: Chat;

  suiteSetup(async function () {
    this.timeout(120_000);
    vscode = await VscodeUnderTest.start({
      isNetworkOff: true,
      settings: { 'letta.localRuntime.graceSeconds': GRACE_SECONDS },
      env: { LETTA_DEMO_TEST: '1' },
    });
    const opened = await vscode.openChat();
    window = opened.window;
    chat = new Chat(opened.chat);
  });

  teardown(async function () {
    if (this.currentTest?.state === 'failed' && !window.page.isClosed()) {
      const name = `failed-${this.currentTest.title.slice(0, 40)}.png`;
      await window.page.screenshot({ path: join('screenshots', name) });
    }
  });

  suiteTeardown(async () => {
    await vscode.dispose();
  });

  async function killOurs(what: string): Promise<void> {
    const found = (await vscode.strays()).filter(({ command }) => command.includes(what));
    assert.ok(found.length > 0, `no process of ${what}`);
    for (const { pid } of found) process.kill(pid, 'SIGKILL');
  }

  test('no model: what was typed is kept, the choices are named, and it is sent once one is made', async () => {
    await chat.composer.fill('TEST N=4 typed first');
    await chat.composer.press('Enter');
    await chat.frame.getByText('Not sent yet: TEST N=4 typed first').waitFor();
    await chat.frame.getByRole('button', { name: /Connect a model provider/ }).waitFor();
    await chat.frame.getByRole('button', { name: /Try the scripted demo/ }).click();
    await chat.turns.first().waitFor();
    assertTokens(await chat.finished(), 4);
    assert.equal(await chat.turns.count(), 1, 'sent exactly once');
  });

  test('the runtime killed in mid-reply: said, started again, and the chat goes on', async () => {
    await chat.send('TEST N=300 D=30');
    await chat.sees('tok8');
    await killOurs('letta.js');
    await chat.lastTurn
      .getByText(/interrupted/i)
      .first()
      .waitFor();
    assert.match(await chat.lastTurn.innerText(), /tok8/, 'what came stays');
    assertTokens(await chat.sendAndFinish('TEST N=5 after'), 5);
  });

  test('the broker killed in mid-reply: a row says so, and everything comes back by itself', async () => {
    await chat.send('TEST N=300 D=30 broker');
    await chat.sees('tok8');
    await chat.composer.fill('a draft');
    await killOurs('broker.cjs');
    await chat.lastTurn
      .getByText(/interrupted/i)
      .first()
      .waitFor();
    assert.equal(await chat.composer.inputValue(), 'a draft');
    assertTokens(await chat.sendAndFinish('TEST N=5 after broker'), 5);
  });

  test('a wrong key is named at the first refusal, with a way to fix it', async () => {
    await chat.send('TEST ERR=401x99');
    await chat.lastTurn.getByText('The test asked for status 401.').first().waitFor();
    await chat.lastTurn.getByRole('button', { name: /key/i }).first().waitFor();
    assert.match(await chat.finished(), /failed/i);
    await chat.lastTurn.getByRole('button', { name: 'Try again' }).waitFor();
  });

  test('a silent model: the seconds count, Stop works, and a new conversation is offered when it does not let go', async () => {
    await chat.send('TEST HANG');
    await chat.frame.getByText('Reading the prompt · 2 s').waitFor();
    await chat.stopButton.click();
    assert.match(await chat.finished(), /stopped/i);
    assert.equal(
      await chat.composer.inputValue(),
      'TEST HANG',
      'nothing had been answered: the words are back',
    );
    await chat.composer.fill('TEST N=3 behind the silence');
    await chat.composer.press('Enter');
    await chat.frame.getByText('The model has not let go', { exact: false }).waitFor();
    await chat.frame.getByText('TEST N=3 behind the silence').last().waitFor();
    await window.runCommand('Letta: New Conversation');
    chat = new Chat(await window.chatFrame('view'));
    await chat.turns.first().waitFor({ state: 'detached' });
    assertTokens(await chat.sendAndFinish('TEST N=4 elsewhere'), 4);
  });

  test('nothing of ours runs after the window was closed and the grace period is over', async () => {
    await vscode.browser.contexts()[0]?.close();
    const deadline = Date.now() + 60_000;
    // Ends of detached processes are not announced: look until they are gone.
    for (;;) {
      const ours = (await vscode.strays()).filter(({ command }) => OURS.test(command));
      if (ours.length === 0) break;
      assert.ok(Date.now() < deadline, ours.map(({ command }) => command).join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
});

suite('without git', function () {
  this.timeout(120_000);

  test('it is said before anything else, with what to do', async () => {
    const path = join('/tmp', 'letta-empty-path');
    await mkdir(path, { recursive: true });
    const vscode = await VscodeUnderTest.start({
      settings: { 'letta.demo.autoStart': true },
      // VSCODE_CLI: the extension host takes this PATH and not the one of a login shell.
      env: { PATH: path, VSCODE_CLI: '1' },
    });
    try {
      const { chat: frame } = await vscode.openChat();
      await frame.getByText(/git/i).first().waitFor();
      await frame.getByRole('button', { name: /git/i }).first().waitFor();
      const chat = new Chat(frame);
      await chat.composer.fill('kept');
      await chat.composer.press('Enter');
      await frame.getByText('kept', { exact: true }).first().waitFor();
      const ours = (await vscode.strays()).filter(({ command }) => OURS.test(command));
      assert.deepEqual(ours, [], 'nothing was started');
    } catch (error) {
      await vscode.browser
        .contexts()[0]
        ?.pages()[0]
        ?.screenshot({ path: join('screenshots', 'failed-git.png') });
      throw error;
    } finally {
      await vscode.dispose();
    }
  });
});

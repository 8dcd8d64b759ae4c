import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { assertTokens, Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

const GRACE_SECONDS = 2;
const OURS = /broker\.cjs|letta\.js|demoModel\.cjs/;

suite('what a window leaves behind, packaged, without a network', function () {
  this.timeout(120_000);
  let vscode: VscodeUnderTest;
  let window: Workbench;
  let chat: Chat;

  async function start(): Promise<void> {
    vscode = await VscodeUnderTest.start({
      isNetworkOff: true,
      reconnectionGraceSeconds: 1,
      settings: { 'letta.demo.autoStart': true, 'letta.localRuntime.graceSeconds': GRACE_SECONDS },
      env: { LETTA_DEMO_TEST: '1' },
    });
    const opened = await vscode.openChat();
    window = opened.window;
    chat = new Chat(opened.chat);
  }

  teardown(async function () {
    if (this.currentTest?.state === 'failed' && !window.page.isClosed()) {
      const name = `failed-${this.currentTest.title.slice(0, 40)}.png`;
      await window.page.screenshot({ path: join('screenshots', name) });
    }
    await vscode.dispose();
  });

  async function ours(): Promise<readonly string[]> {
    return (await vscode.strays()).map(({ command }) => command).filter((command) => OURS.test(command));
  }

  /** Ends of detached processes are not announced: looked at until they are gone. */
  async function nothingIsLeft(): Promise<void> {
    const began = Date.now();
    for (let left = await ours(); left.length > 0; left = await ours()) {
      assert.ok(Date.now() - began < 30_000, left.join('\n'));
      await delay(200);
    }
    console.log(
      `      nothing of ours ${String(Date.now() - began)} ms later, grace ${String(GRACE_SECONDS)} s`,
    );
  }

  async function reload(): Promise<void> {
    await window.page.reload();
    await window.ready();
    chat = new Chat(await window.chatFrame('view'));
  }

  test('a reload keeps a stopped text, a failed turn, and says that a run goes on elsewhere; VS Code killed: nothing is left', async () => {
    await start();
    await chat.send('TEST stop N=400 D=25');
    await chat.sees('tok20 ');
    await chat.stopButton.click();
    const stopped = (await chat.finished()).match(/tok\d+/g) ?? [];
    assert.ok(stopped.length > 20);
    assertTokens(await chat.sendAndFinish('TEST N=4 following'), 4);
    await chat.send('TEST ERR=400x99');
    assert.match(await chat.finished(), /failed/i);
    await reload();
    const first = chat.turnsWith('TEST stop N=400');
    await first.getByText('tok20 ').waitFor();
    assertTokens(await first.innerText(), stopped.length);
    assert.match(await first.innerText(), /stopped/i);
    assertTokens(await chat.turnsWith('TEST N=4 following').innerText(), 4);
    const failed = chat.turnsWith('TEST ERR=400x99');
    await failed.getByText('The test asked for status 400.').first().waitFor();
    assert.match(await failed.innerText(), /failed/i);
    assert.equal(await failed.count(), 1);

    await chat.send('TEST N=200 D=25 in the background');
    await chat.sees('tok5 ');
    await window.runCommand('Letta: New Conversation');
    await chat.turns.first().waitFor({ state: 'detached' });
    const item = window.page.locator('.statusbar-item[id*="letta"]');
    console.log(`      status bar: ${String(await item.locator('a').getAttribute('aria-label'))}`);
    await item.getByRole('button', { name: /is working/ }).waitFor();

    assert.ok((await ours()).length >= 3, 'broker, runtime and demo run');
    process.kill(-vscode.server.pid, 'SIGKILL');
    await vscode.server.exited;
    await nothingIsLeft();
  });

  test('uninstalled, and the window closed: nothing is left', async () => {
    await start();
    await chat.sendAndFinish('TEST N=4');
    assert.ok((await ours()).length >= 3, 'broker, runtime and demo run');
    await vscode.server.uninstall('letta-vscode.letta-vscode');
    await window.close();
    await nothingIsLeft();
  });
});

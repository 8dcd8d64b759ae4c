import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { ROOT } from '../../scripts/lib/paths.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

suite('the packaged extension in a real VS Code, without a network', () => {
  let vscode: VscodeUnderTest;

  suiteSetup(async function () {
    this.timeout(120_000);
    vscode = await VscodeUnderTest.start({ isNetworkOff: true, settings: { 'letta.demo.autoStart': true } });
  });

  suiteTeardown(async () => {
    await vscode.dispose();
  });

  test('the chat view opens and can be typed into', async () => {
    const { window, chat } = await vscode.openChat();
    const composer = chat.getByRole('textbox', { name: 'Message' });
    await composer.fill('Why does the upload retry forever?');
    assert.equal(await composer.inputValue(), 'Why does the upload retry forever?');
    await mkdir(join(ROOT, 'screenshots'), { recursive: true });
    await window.page.screenshot({ path: join(ROOT, 'screenshots', 'e2e-smoke.png') });
  });
});

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

suite('the three ways in, packaged, without a network', function () {
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
    await writeFile(join(vscode.folder, 'three.ts'), 'const one = 1;\nconst two = 2;\nconst three = 3;\n');
    await writeFile(join(vscode.folder, '.env'), 'API_KEY=do-not-send\n');
    window = await vscode.openWindow();
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

  /** Puts the cursor at the beginning of the open file and selects so many lines. */
  async function selectLines(count: number): Promise<void> {
    await window.page.locator('.monaco-editor .view-lines').first().click();
    await window.page.keyboard.press('Control+Home');
    for (let line = 0; line < count; line++) await window.page.keyboard.press('Shift+ArrowDown');
  }

  test('the palette: ask, and the answer streams into the panel', async () => {
    await window.runCommand('Letta: Ask Letta Agent');
    await window.answer('What do you know?');
    chat = new Chat(await window.chatFrame('view'));
    assert.match(await chat.finished(), /You wrote: “What do you know\?”/);
  });

  test('asking from the palette leaves a draft as it is', async () => {
    await chat.composer.fill('half a thought');
    await window.runCommand('Letta: Ask Letta Agent');
    await window.answer('TEST N=3 palette');
    await chat.turns.filter({ hasText: 'TEST N=3 palette' }).waitFor();
    await chat.finished();
    assert.equal(await chat.composer.inputValue(), 'half a thought');
    await chat.composer.fill('');
  });

  test('a selection becomes a chip with file, lines and size, and is sent with them', async () => {
    await window.openFile('three.ts');
    await selectLines(2);
    await window.runCommand('Letta: Send Selection to Agent');
    const chip = chat.frame.getByRole('list', { name: 'Attached context' }).getByRole('listitem');
    await chip.waitFor();
    assert.match(await chip.innerText(), /three\.ts:1[–-]2/);
    await chat.send('What is this?');
    const text = await chat.finished();
    assert.match(text, /const one = 1;/, 'the model quotes it');
    assert.match(text, /three\.ts:1[–-]2/, 'and the message shows it');
    assert.equal(await chip.count(), 0, 'sent, so no longer in the composer');
  });

  test('the keyboard shortcut sends unsaved text as it stands in the editor', async () => {
    await window.page.locator('.monaco-editor .view-lines').first().click();
    await window.page.keyboard.press('Control+Home');
    await window.page.keyboard.type('const zero = 0;\n');
    await selectLines(1);
    await window.page.keyboard.press('Control+Alt+l');
    await chat.frame.getByRole('list', { name: 'Attached context' }).getByText('three.ts').first().waitFor();
    await chat.send('And this?');
    assert.match(await chat.finished(), /const zero = 0;/);
  });

  test('a chip can be removed', async () => {
    await window.page.locator('.monaco-editor .view-lines').first().click();
    await selectLines(1);
    await window.page.keyboard.press('Control+Alt+l');
    const list = chat.frame.getByRole('list', { name: 'Attached context' });
    await list.getByRole('listitem').waitFor();
    await list.getByRole('button', { name: /Remove/ }).click();
    await list.getByRole('listitem').waitFor({ state: 'detached' });
  });

  test('asking with a selection offers to include it', async () => {
    await window.page.locator('.monaco-editor .view-lines').first().click();
    await selectLines(2);
    await window.runCommand('Letta: Ask Letta Agent');
    await window.page.getByRole('option', { name: /^Ask with three\.ts:1/ }).waitFor();
    await window.page.locator('.quick-input-widget .quick-input-box input').fill('Explain the selection');
    await window.pick('Ask with three.ts:1');
    await chat.turns.filter({ hasText: 'Explain the selection' }).waitFor();
    assert.match(await chat.finished(), /const zero = 0;/);
  });

  test('a file with secrets is attached only after a yes', async () => {
    await window.openFile('.env');
    await window.runCommand('Letta: Send Selection to Agent');
    const dialog = window.page.getByRole('dialog');
    await dialog.getByText('it may hold secrets').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(
      await chat.frame.getByRole('list', { name: 'Attached context' }).getByText('.env').count(),
      0,
    );
  });

  test('a selection goes to another conversation that is picked first', async () => {
    await window.openFile('three.ts');
    await selectLines(1);
    await window.runCommand('Letta: Send Selection to Another Agent or Conversation…');
    await window.pick('Letta, openai-compatible');
    await window.pick('New conversation');
    await chat.turns.first().waitFor({ state: 'detached' });
    const chips = chat.frame.getByRole('list', { name: 'Attached context' });
    await chips.getByText('three.ts').first().waitFor();
    await chat.send('In the new one');
    assert.match(await chat.finished(), /const zero = 0;/);
    assert.equal(await chat.turns.count(), 1);
  });

  test('an earlier conversation is found again by its first words, and can be renamed', async () => {
    await window.runCommand('Letta: Rename Conversation…');
    await window.answer('A name of my own');
    await chat.frame.getByRole('button', { name: /Conversation: A name of my own/ }).waitFor();
    await window.runCommand('Letta: Show Conversations…');
    await window.pick('What do you know?');
    await chat.turns.filter({ hasText: 'Explain the selection' }).waitFor();
    await window.runCommand('Letta: Show Conversations…');
    await window.pick('A name of my own');
    await chat.turns.filter({ hasText: 'In the new one' }).waitFor();
    assert.equal(await chat.turns.count(), 1);
  });

  test('the context menu of the editor has both ways', async () => {
    await window.openFile('three.ts');
    await selectLines(1);
    await window.page.locator('.monaco-editor .view-line').first().click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: 'Letta' }).hover();
    await window.page.getByRole('menuitem', { name: /^Send Selection to Another Agent/ }).waitFor();
    await window.page.getByRole('menuitem', { name: /^Send Selection to Agent/ }).waitFor();
    await window.page.keyboard.press('Escape');
    await window.page.keyboard.press('Escape');
  });
});

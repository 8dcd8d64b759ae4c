import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

const call = (input: Readonly<Record<string, string>>): string =>
  `TEST CALL:memory:${JSON.stringify({ reason: 'Keep it', ...input })};;`;
const CREATE = call({
  command: 'create',
  file_path: 'system/project.md',
  description: 'About the project',
  file_text: 'Uploads are retried.\n',
});
const CHANGE = call({
  command: 'str_replace',
  file_path: 'system/project.md',
  old_string: 'Uploads are retried.',
  new_string: 'Uploads are retried.\nFive times at most.\nThen they fail.',
});

suite('memory you can see, packaged, without a network', function () {
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
    window = await vscode.openWindow();
    chat = new Chat(await window.openChat());
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

  /** The text of an open editor: spaces as spaces. */
  async function shows(editor: Locator, text: string): Promise<void> {
    await editor.locator('.view-line').filter({ hasText: text }).first().waitFor();
  }

  async function openMemory(file: string): Promise<void> {
    await window.runCommand('Letta: Open Memory');
    await window.pick(file);
    await window.page.getByRole('tab', { name: /^project\.md/, selected: true }).waitFor();
  }

  const editor = (): Locator => window.page.locator('.part.editor .monaco-editor').first();

  test('before anything is remembered, Open Memory says so', async () => {
    await chat.sendAndFinish('TEST N=2 first');
    await window.runCommand('Letta: Open Memory');
    await window.page.getByText('has not remembered anything yet').first().waitFor();
  });

  test('a turn that changes memory shows what, and View opens both sides', async () => {
    await chat.sendAndFinish(CREATE);
    await chat.sees('Remembered 4 lines in project.md');
    await chat.sendAndFinish(CHANGE);
    await chat.sees('Remembered 2 lines in project.md');
    await chat.lastTurn.getByRole('button', { name: 'View: Remembered 2 lines' }).click();
    const diff = window.page.locator('.part.editor .monaco-diff-editor');
    await shows(diff.locator('.editor.modified'), 'Five times at most.');
    await shows(diff.locator('.editor.modified'), 'Uploads are retried.');
    await shows(diff.locator('.editor.original'), 'Uploads are retried.');
    assert.equal(
      await diff.locator('.editor.original .view-line').filter({ hasText: 'Five times' }).count(),
      0,
    );
  });

  test('Open Memory lists the files and opens them', async () => {
    await openMemory('system/project.md');
    await shows(editor(), 'Then they fail.');
  });

  test('Undo puts back what was there before, in the open editor too, and says so', async () => {
    await chat.lastTurn.getByRole('button', { name: 'Undo: Remembered 2 lines' }).click();
    await chat.lastTurn.getByText('Undone', { exact: true }).waitFor();
    assert.equal(await chat.lastTurn.getByRole('button', { name: /^Undo/ }).count(), 0);
    await editor()
      .locator('.view-line')
      .filter({ hasText: 'Then they fail.' })
      .waitFor({ state: 'detached' });
    await shows(editor(), 'Uploads are retried.');
  });

  test('what the person edits and saves is kept, and a later undo does not overwrite it', async () => {
    await editor().locator('.view-lines').click();
    await window.page.keyboard.press('Control+End');
    await window.page.keyboard.type('Written by hand.');
    await window.page.keyboard.press('Control+s');
    await window.page.getByRole('tab', { name: /^project\.md(?!.*(unsaved|●))/, selected: true }).waitFor();
    await chat.turns
      .filter({ hasText: 'Remembered 4 lines' })
      .getByRole('button', { name: 'Undo: Remembered 4 lines' })
      .click();
    await window.page.getByText('project.md has changed since.').first().waitFor();
    await window.page.getByRole('button', { name: 'View Changes' }).click();
    const diff = window.page.locator('.part.editor .monaco-diff-editor');
    await shows(diff.locator('.editor.modified'), 'Written by hand.');
  });

  test('an edit made while the agent changed the file is not saved over it unasked', async () => {
    await openMemory('system/project.md');
    await editor().locator('.view-lines').click();
    await window.page.keyboard.press('Control+End');
    await window.page.keyboard.type(' And more.');
    await chat.sendAndFinish(
      call({
        command: 'str_replace',
        file_path: 'system/project.md',
        old_string: 'Uploads are retried.',
        new_string: 'Meanwhile.',
      }),
    );
    await chat.sees('Remembered');
    await editor().locator('.view-lines').click();
    await window.page.keyboard.press('Control+s');
    await window.page
      .getByText(/content of the file is newer/)
      .first()
      .waitFor();
    await window.runCommand('File: Revert File');
    await shows(editor(), 'Meanwhile.');
  });

  test('several files are one row, and View shows them together', async () => {
    const create = (name: string): string =>
      call({ command: 'create', file_path: name, description: 'd', file_text: `About ${name}.\n` });
    await chat.sendAndFinish(`${create('system/one.md')} ${create('system/two.md').slice('TEST '.length)}`);
    await chat.lastTurn.getByRole('button', { name: /^View: Remembered \d+ lines in 2 files/ }).click();
    const both = window.page.locator('.part.editor .multiDiffEntry');
    await both.filter({ hasText: 'one.md' }).getByText('About system/one.md.').first().waitFor();
    await both.filter({ hasText: 'two.md' }).getByText('About system/two.md.').first().waitFor();
  });

  test('the view offers Open Memory in its menu', async () => {
    const view = window.page.locator('.part.sidebar');
    await view
      .getByRole('button', { name: /More Actions/ })
      .first()
      .click();
    await window.page.getByRole('menuitem', { name: 'Open Memory' }).waitFor();
    await window.page.keyboard.press('Escape');
  });

  test('after a reload the rows are there again, the undone one as undone', async () => {
    await window.page.reload();
    await window.ready();
    chat = new Chat(await window.openChat());
    const undone = chat.turns.filter({ hasText: 'Remembered 2 lines in project.md' });
    await undone.getByText('Undone', { exact: true }).waitFor();
    const kept = chat.turns.filter({ hasText: 'Remembered 4 lines in project.md' });
    await kept.getByRole('button', { name: 'View: Remembered 4 lines' }).click();
    await shows(
      window.page.locator('.part.editor .monaco-diff-editor .editor.modified'),
      'Uploads are retried.',
    );
  });
});

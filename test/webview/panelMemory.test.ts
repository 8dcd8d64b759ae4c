import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import type { NoticePart } from '../../src/shared/transcript.ts';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import { notice, READY, showing, turn, user } from '../support/panelParts.ts';

const FILES = [
  { path: 'system/project.md', added: 2, removed: 0 },
  { path: 'system/people/a\u202eb.md', added: 0, removed: 1 },
];
const row = (isUndone: boolean, files = FILES): NoticePart =>
  notice('memory:v1', {
    code: 'memory',
    actions: isUndone ? ['viewMemory'] : ['viewMemory', 'undoMemory'],
    memory: { from: 'v1', to: 'v2', files, canUndo: true, isUndone },
  });

suite('panel: memory', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });
  const open = (part: NoticePart): Promise<PanelHarness> =>
    PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(turn('turn-1', [user('u1', 'Remember this'), part])) },
      isTimeFrozen: true,
    });

  test('one line says what was remembered and what can be done; it opens to the files', async () => {
    const panel = await open(row(false));
    const { page } = panel;
    const title = page.getByRole('button', { name: 'Remembered 2 lines in 2 files', exact: true });
    assert.equal(await title.getAttribute('aria-expanded'), 'false');
    await title.click();
    const items = page.getByRole('article').getByRole('listitem');
    assert.equal(await items.count(), 2);
    assert.match(await items.nth(0).innerText(), /system\/project\.md[\s\S]*2 lines added/);
    assert.match(await items.nth(1).innerText(), /system\/people\/a\\u\{202e\}b\.md[\s\S]*1 lines removed/);
    await page.getByRole('button', { name: 'View: Remembered 2 lines in 2 files', exact: true }).click();
    await page.getByRole('button', { name: 'Undo: Remembered 2 lines in 2 files', exact: true }).click();
    await panel.heard();
    assert.deepEqual(
      panel.messages.filter((message) => message.type === 'notice'),
      [
        { type: 'notice', noticeId: 'memory:v1', action: 'viewMemory' },
        { type: 'notice', noticeId: 'memory:v1', action: 'undoMemory' },
      ],
    );
    assert.deepEqual(panel.complaints, []);
    await panel.close();
  });

  test('undone is a word, and there is nothing more to undo', async () => {
    const panel = await open(row(false, FILES.slice(0, 1)));
    const { page } = panel;
    await page.getByRole('button', { name: 'Remembered 2 lines in project.md', exact: true }).waitFor();
    await panel.update([{ op: 'setPart', turnId: 'turn-1', part: row(true, FILES.slice(0, 1)) }]);
    await page.getByText('Undone', { exact: true }).waitFor();
    assert.equal(await page.getByRole('button', { name: /^Undo/ }).count(), 0);
    assert.equal(await page.getByRole('button', { name: /^View/ }).count(), 1);
    assert.deepEqual(panel.complaints, []);
    await panel.close();
  });

  test('in a narrow panel nothing is cut off sideways', async () => {
    const panel = await open(row(false, [{ path: `system/${'long'.repeat(30)}.md`, added: 1, removed: 1 }]));
    await panel.page.setViewportSize({ width: 170, height: 500 });
    await panel.settled();
    const widths = await panel.page.evaluate(() => {
      const box = document.querySelector('.memory');
      return { inner: box?.scrollWidth ?? 0, outer: box?.clientWidth ?? 0 };
    });
    assert.ok(widths.inner <= widths.outer, JSON.stringify(widths));
    await panel.close();
  });
});

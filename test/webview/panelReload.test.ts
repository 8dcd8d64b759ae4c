import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import { READY, showing, text, turn, user } from '../support/panelParts.ts';
import { PANEL_CASES } from '../support/panelStates.ts';

const LONG = Array.from({ length: 60 }, (_, index) => `paragraph ${String(index)}`).join('\n\n');
const turns = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const id = String(from + index);
    return turn(`t${id}`, [user(`u${id}`, `question ${id}`), text(`x${id}`, `answer ${id}\n\nmore of it`)]);
  });

suite('panel: reload', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });

  test('conversation, draft and opened rows are painted before the host says anything', async () => {
    const panel = await PanelHarness.open(browser, files, { state: PANEL_CASES.finished.state });
    const { page } = panel;
    await page.getByRole('group', { name: 'Bash, done' }).getByRole('button').click();
    await page.getByRole('textbox', { name: 'Message' }).fill('half a thought');
    await panel.heard();
    panel.answersReady = false;
    await page.reload();
    await page.getByText('Fix it and run the tests.').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Message' }).inputValue(), 'half a thought');
    await page.getByRole('group', { name: 'Output' }).waitFor();
    assert.equal(await page.locator('.panel').getAttribute('aria-busy'), 'true');
    // Typing goes on while the host is silent; what is sent now goes out once, when the host is there.
    await page.getByRole('textbox', { name: 'Message' }).press('End');
    await page.keyboard.type(', whole');
    await panel.heard();
    await page.keyboard.press('Enter');
    await panel.heard();
    assert.deepEqual(panel.said('submit'), []);
    const painted = panel.next((message) => message.type === 'ack');
    await panel.snapshot();
    await painted;
    await panel.heard();
    assert.equal(await page.locator('.panel').getAttribute('aria-busy'), 'false');
    assert.deepEqual(
      panel.said('submit').map(({ text: words }) => words),
      ['half a thought, whole'],
    );
    assert.equal(await page.getByRole('textbox', { name: 'Message' }).inputValue(), '');
    assert.equal(panel.said('ready').at(-1)?.draft?.text, 'half a thought');
    assert.deepEqual(panel.complaints, []);
    await panel.close();
  });

  test('what was sent to a silent host is not sent to another conversation', async () => {
    const panel = await PanelHarness.open(browser, files, { state: READY, draft: 'for one' });
    panel.answersReady = false;
    await panel.page.reload();
    await panel.page.getByRole('textbox', { name: 'Message' }).press('Enter');
    panel.draft = { key: 'agent-2/conv-2', text: 'for two', revision: 3 };
    await panel.snapshot({ ...READY, key: 'agent-2/conv-2' });
    await panel.heard();
    assert.deepEqual(panel.said('submit'), []);
    assert.equal(await panel.page.getByRole('textbox', { name: 'Message' }).inputValue(), 'for two');
    await panel.close();
  });

  test('a newer draft of the host wins over the kept one', async () => {
    const panel = await PanelHarness.open(browser, files, { state: READY, draft: 'old' });
    await panel.page.getByRole('textbox', { name: 'Message' }).fill('mine');
    await panel.heard();
    panel.draft = { ...panel.draft, text: 'newer', revision: 50 };
    await panel.page.reload();
    await panel.page.locator('.panel[aria-busy=false]').waitFor();
    assert.equal(await panel.page.getByRole('textbox', { name: 'Message' }).inputValue(), 'newer');
    await panel.close();
  });

  test('an approval is not answered from a kept picture: its card waits for the host', async () => {
    const panel = await PanelHarness.open(browser, files, { state: PANEL_CASES.approvalCommand.state });
    panel.answersReady = false;
    await panel.page.reload();
    await panel.page.getByText('Fix it and run the tests.').waitFor();
    assert.equal(await panel.page.getByRole('button', { name: 'Allow' }).count(), 0);
    await panel.snapshot();
    await panel.page.getByRole('button', { name: 'Allow' }).waitFor();
    await panel.close();
  });

  test('the place of reading is the same after a reload, and again after the snapshot', async () => {
    const panel = await PanelHarness.open(browser, files, { state: { ...READY, ...showing(...turns(30)) } });
    const { page } = panel;
    await page.getByRole('log').hover();
    await page.mouse.wheel(0, -700);
    await page.getByRole('button', { name: 'Latest' }).waitFor();
    const top = (): Promise<number> =>
      page
        .getByRole('article', { name: 'question 20' })
        .evaluate((element) => Math.round(element.getBoundingClientRect().top));
    // A wheel scrolls over several frames.
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          document.querySelector('.log')?.addEventListener('scrollend', () => {
            resolve();
          });
          setTimeout(resolve, 500);
        }),
    );
    const before = await top();
    panel.answersReady = false;
    await page.reload();
    await page.getByRole('article', { name: 'question 20' }).waitFor();
    assert.ok(Math.abs((await top()) - before) <= 1, `${String(await top())} was ${String(before)}`);
    await panel.snapshot();
    await panel.settled();
    assert.ok(Math.abs((await top()) - before) <= 1, `${String(await top())} was ${String(before)}`);
    await panel.close();
  });

  test('what is kept is bounded: the newest 20 turns, 200 KB', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: {
        ...READY,
        ...showing(...turns(40), turn('big', [user('ub', 'big'), text('xb', LONG.repeat(150))])),
      },
    });
    await panel.page.evaluate(() => {
      window.dispatchEvent(new Event('pagehide'));
    });
    const kept = await panel.page.evaluate(() => sessionStorage.getItem('state') ?? '');
    assert.ok(kept.length < 220_000, String(kept.length));
    const ids = [...kept.matchAll(/"id":"(t\d+|big)"/g)].map((match) => match[1]);
    assert.ok(ids.length <= 20 && ids.at(-1) === 'big', ids.join(' '));
    await panel.close();
  });
});

import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import { asking, busy, READY, running, showing, text, tool, turn, user } from '../support/panelParts.ts';

const turns = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const id = String(from + index);
    return turn(`t${id}`, [
      user(`u${id}`, `question ${id}`),
      tool(`b${id}`, 'Bash', { command: 'ls' }, { output: 'a\nb' }),
      text(`x${id}`, `answer ${id}`),
    ]);
  });
const LINE = '\n\nanother line of the reply';

suite('panel: following the stream', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });

  const open = (): Promise<PanelHarness> =>
    PanelHarness.open(browser, files, {
      state: {
        ...READY,
        activity: busy('writing'),
        ...showing(...turns(12), running('now', [user('un', 'go'), text('xn', 'start')])),
      },
    });
  const distance = (panel: PanelHarness): Promise<number> =>
    panel.page
      .getByRole('log')
      .evaluate((log) => Math.round(log.scrollHeight - log.clientHeight - log.scrollTop));
  const topOf = (panel: PanelHarness, name: string): Promise<number> =>
    panel.page
      .getByRole('article', { name, exact: true })
      .evaluate((element) => Math.round(element.getBoundingClientRect().top));
  let grown = 0;
  const grow = async (panel: PanelHarness): Promise<void> => {
    const part = panel.state.transcript.turns.at(-1)?.parts.find(({ id }) => id === 'xn');
    assert.ok(part?.kind === 'text');
    grown++;
    await panel.update([{ op: 'append', turnId: 'now', partId: 'xn', offset: part.text.length, text: LINE }]);
  };
  const wheel = async (panel: PanelHarness, delta: number): Promise<void> => {
    await panel.page.getByRole('log').hover();
    const before = await panel.page.getByRole('log').evaluate((log) => log.scrollTop);
    await panel.page.mouse.wheel(0, delta);
    await panel.page.waitForFunction((top) => document.querySelector('.log')?.scrollTop !== top, before);
  };

  test('the end stays in view while text arrives', async () => {
    const panel = await open();
    for (let count = 0; count < 15; count++) {
      await grow(panel);
      assert.ok((await distance(panel)) <= 2);
    }
    assert.ok(grown > 0);
    await panel.close();
  });

  test('a small scroll up stops following at once; back at the end it follows again', async () => {
    const panel = await open();
    await wheel(panel, -3);
    await panel.page.getByRole('button', { name: 'Latest' }).waitFor();
    const before = await topOf(panel, 'question 11');
    for (let count = 0; count < 5; count++) await grow(panel);
    assert.equal(await topOf(panel, 'question 11'), before);
    await wheel(panel, 4000);
    await panel.page.getByRole('button', { name: 'Latest' }).waitFor({ state: 'detached' });
    await grow(panel);
    assert.ok((await distance(panel)) <= 2);
    await panel.close();
  });

  test('keys and Latest', async () => {
    const panel = await open();
    await panel.page.getByRole('log').focus();
    await panel.page.keyboard.press('PageUp');
    const latest = panel.page.getByRole('button', { name: 'Latest' });
    await latest.waitFor();
    await latest.click();
    await latest.waitFor({ state: 'detached' });
    // The smooth scroll of the key may still be under way: it ends at the end all the same.
    await panel.page.waitForFunction(() => {
      const log = document.querySelector('.log');
      return log !== null && log.scrollHeight - log.clientHeight - log.scrollTop <= 2;
    });
    await grow(panel);
    assert.ok((await distance(panel)) <= 2);
    await panel.close();
  });

  test('sending, an approval, a queue and a row that opens below never move what is read', async () => {
    const panel = await open();
    await wheel(panel, -600);
    await panel.page.getByRole('button', { name: 'Latest' }).waitFor();
    await panel.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    const first = await panel.page.evaluate(() => {
      const log = document.querySelector('.log');
      const top = log?.getBoundingClientRect().top ?? 0;
      return (
        [...document.querySelectorAll('article')]
          .find((article) => article.getBoundingClientRect().bottom > top + 20)
          ?.getAttribute('aria-label') ?? ''
      );
    });
    const before = await topOf(panel, first);
    await panel.page.getByRole('textbox', { name: 'Message' }).fill('next');
    await panel.page.keyboard.press('Enter');
    await panel.update(
      [{ op: 'addPart', turnId: 'now', part: asking('a', 'Bash', { command: 'ls' }), beforeId: null }],
      {
        activity: busy('waitingForApproval'),
        queue: [{ clientId: 'q', text: 'next', attachmentCount: 0, state: 'queued' }],
      },
    );
    await panel.page.getByRole('region', { name: 'Approval needed' }).waitFor();
    assert.equal(await topOf(panel, first), before);
    await panel.page
      .getByRole('article', { name: first, exact: true })
      .getByRole('group', { name: 'Bash, done' })
      .getByRole('button')
      .click();
    assert.equal(await topOf(panel, first), before);
    await panel.close();
  });

  test('older turns are put above without moving what is read, at the very top too', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, transcript: { turns: turns(12, 20), hasOlder: true } },
    });
    const asked = panel.next((message) => message.type === 'request' && message.body.method === 'loadOlder');
    await wheel(panel, -20_000);
    await asked;
    await panel.page.waitForFunction(() => document.querySelector('.log')?.scrollTop === 0);
    const before = await topOf(panel, 'question 20');
    await panel.update([{ op: 'prepend', turns: turns(10, 10), hasOlder: false }]);
    const after = await topOf(panel, 'question 20');
    // The button that stood above went away with the last page.
    assert.ok(Math.abs(after - before) <= 1, `${String(after)} was ${String(before)}`);
    assert.equal(await panel.page.getByRole('article').count(), 22);
    await panel.close();
  });

  test('shown from the end, also at 170 px and with a large font', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(...turns(12)) },
      width: 170,
    });
    assert.ok((await distance(panel)) <= 2);
    const overflow = await panel.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.querySelector('.log')?.scrollWidth ?? 0,
    ]);
    assert.ok(
      overflow.every((width) => width <= 170),
      overflow.join(' '),
    );
    await panel.close();
  });
});

import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { IDLE } from '../../src/shared/panel.ts';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import { asking, busy, READY, running, showing, turn, user } from '../support/panelParts.ts';
import { PANEL_CASES } from '../support/panelStates.ts';

suite('panel: composer', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });
  const open = (state = READY, draft?: string): Promise<PanelHarness> =>
    PanelHarness.open(browser, files, { state, ...(draft === undefined ? {} : { draft }) });
  const message = (panel: PanelHarness) => panel.page.getByRole('textbox', { name: 'Message' });

  test('Enter sends once and clears, Shift+Enter breaks the line', async () => {
    const panel = await open();
    await message(panel).focus();
    await panel.page.keyboard.type('one');
    await panel.page.keyboard.press('Shift+Enter');
    await panel.page.keyboard.type('two');
    await panel.page.keyboard.press('Enter');
    await panel.page.keyboard.press('Enter');
    await panel.heard();
    const sent = panel.said('submit');
    assert.deepEqual(
      sent.map(({ key, text }) => ({ key, text })),
      [{ key: READY.key, text: 'one\ntwo' }],
    );
    assert.match(sent[0]?.clientId ?? '', /^vsc-[0-9a-f]{32}$/);
    assert.equal(await message(panel).inputValue(), '');
    assert.equal(panel.said('draftChanged').at(-1)?.draft.text, '');
    await panel.close();
  });

  test('an Enter that belongs to an input method does not send', async () => {
    const panel = await open();
    await message(panel).fill('にほん');
    for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
      await message(panel).dispatchEvent('keydown', {
        key: 'Enter',
        bubbles: true,
        cancelable: true,
        ...init,
      });
    }
    await panel.heard();
    assert.deepEqual(panel.said('submit'), []);
    assert.equal(await message(panel).inputValue(), 'にほん');
    await message(panel).press('Enter');
    await panel.heard();
    assert.equal(panel.said('submit').length, 1);
    await panel.close();
  });

  test('a double click on Send sends once', async () => {
    const panel = await open(READY, 'hello');
    await panel.page.getByRole('button', { name: 'Send', exact: true }).dblclick();
    await panel.heard();
    assert.deepEqual(
      panel.said('submit').map(({ text }) => text),
      ['hello'],
    );
    await panel.close();
  });

  test('a click within 400 ms of the change from Send to Stop, and back, is ignored', async () => {
    const panel = await open(READY, 'hello');
    const place = panel.page.locator('.send').last();
    await panel.update([], { activity: busy('sending') });
    await place.click();
    await panel.heard();
    assert.deepEqual(panel.said('stop'), []);
    // Events carry their own time: this one says that it comes later.
    const clickLater = () =>
      place.evaluate((button) => {
        const event = new MouseEvent('click', { bubbles: true, detail: 1 });
        Object.defineProperty(event, 'timeStamp', { value: performance.now() + 401 });
        button.dispatchEvent(event);
      });
    await clickLater();
    await panel.heard();
    assert.equal(panel.said('stop').length, 1);
    await panel.update([], { activity: IDLE });
    await place.click();
    await panel.heard();
    assert.deepEqual(panel.said('submit'), []);
    await clickLater();
    await panel.heard();
    assert.equal(panel.said('submit').length, 1);
    await panel.close();
  });

  test('Stop shows "Stopping…" before the host answers, and asks once', async () => {
    const panel = await open({
      ...READY,
      activity: busy('writing'),
      ...showing(running('t', [user('u', 'Go')])),
    });
    const stop = panel.page.getByRole('button', { name: 'Stop' });
    const shownAfterMs = await stop.evaluate(async (button: HTMLElement) => {
      const start = performance.now();
      const shown = new Promise<number>((resolve) => {
        new MutationObserver(() => {
          if (document.querySelector('.status')?.textContent.includes('Stopping…') === true)
            resolve(performance.now());
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      button.click();
      button.click();
      return (await shown) - start;
    });
    assert.ok(shownAfterMs < 150, `${String(shownAfterMs)} ms`);
    await panel.heard();
    assert.equal(panel.said('stop').length, 1);
    await panel.close();
  });

  test('Esc stops from an empty composer only, never past an open approval, never from elsewhere', async () => {
    const parts = [user('u', 'Go')];
    const panel = await open({ ...READY, activity: busy('writing'), ...showing(running('t', parts)) });
    const stops = async (): Promise<number> => {
      await panel.heard();
      return panel.said('stop').length;
    };
    await panel.page.getByRole('log').focus();
    await panel.page.keyboard.press('Escape');
    assert.equal(await stops(), 0);
    await message(panel).fill('text');
    await message(panel).press('Escape');
    assert.equal(await stops(), 0);
    await message(panel).fill('');
    await panel.update([
      { op: 'addPart', turnId: 't', part: asking('a', 'Bash', { command: 'ls' }), beforeId: null },
    ]);
    await message(panel).press('Escape');
    assert.equal(await stops(), 0);
    await panel.update([{ op: 'removePart', turnId: 't', partId: 'a' }]);
    await message(panel).press('Escape');
    assert.equal(await stops(), 1);
    await panel.close();
  });

  test('arrow up in an empty composer brings the last message back; not over a draft', async () => {
    const panel = await open({
      ...READY,
      ...showing(turn('a', [user('u1', 'first')]), turn('b', [user('u2', 'second')])),
    });
    await message(panel).press('ArrowUp');
    assert.equal(await message(panel).inputValue(), 'second');
    await message(panel).fill('draft');
    await message(panel).press('ArrowUp');
    assert.equal(await message(panel).inputValue(), 'draft');
    await panel.close();
  });

  test('what cannot be sent is kept, and the reason is said', async () => {
    const panel = await open(
      { ...READY, canSend: false, blockedReason: 'Kept until you choose a model' },
      'hello',
    );
    await message(panel).press('Enter');
    await panel.page.locator('[aria-live=polite]', { hasText: 'Kept until you choose a model' }).waitFor();
    assert.deepEqual(panel.said('submit'), []);
    assert.equal(await message(panel).inputValue(), 'hello');
    await panel.close();
  });

  test('during a turn Send next queues, and leaves Stop where it is', async () => {
    const panel = await open(PANEL_CASES.streaming.state);
    await message(panel).fill('and lint');
    const before = await panel.page.getByRole('button', { name: 'Stop' }).boundingBox();
    await panel.page.getByRole('button', { name: 'Send next' }).click();
    await panel.heard();
    assert.deepEqual(
      panel.said('submit').map(({ text }) => text),
      ['and lint'],
    );
    assert.deepEqual(await panel.page.getByRole('button', { name: 'Stop' }).boundingBox(), before);
    await panel.close();
  });

  test('grows from one line to twelve, then scrolls', async () => {
    const panel = await PanelHarness.open(browser, files, { state: READY, height: 1200 });
    const height = async (lines: number): Promise<number> => {
      await message(panel).fill(Array.from({ length: lines }, () => 'x').join('\n'));
      return (await message(panel).boundingBox())?.height ?? 0;
    };
    const one = await height(1);
    const line = (await height(2)) - one;
    assert.ok(line > 15 && line < 25, String(line));
    assert.ok(Math.abs((await height(12)) - (one + 11 * line)) < 2);
    assert.equal(await height(30), await height(12));
    await panel.close();
  });

  test('queued messages can be edited, removed, and sent when held back', async () => {
    const panel = await open(PANEL_CASES.stopped.state);
    const queue = panel.page.getByRole('list', { name: 'Queued messages' });
    await queue.getByRole('button', { name: 'Send now' }).click();
    await queue.getByRole('button', { name: 'Edit this message' }).click();
    await queue.getByRole('button', { name: 'Remove this message' }).click();
    await panel.heard();
    assert.deepEqual(
      panel.said('queueItem').map(({ action }) => action),
      ['sendNow', 'edit', 'remove'],
    );
    await panel.post({ type: 'draft', draft: { key: panel.state.key, text: 'edited', revision: 7 } });
    await panel.heard();
    assert.equal(await message(panel).inputValue(), 'edited');
    await panel.close();
  });

  test('typing moves no other node of the panel', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: PANEL_CASES.streaming.state,
      isTimeFrozen: true,
    });
    await message(panel).fill('a');
    // The code block is coloured in idle time: that is not the typing's doing.
    await panel.page.locator('.hljs-keyword').first().waitFor();
    await panel.page.evaluate(() => {
      const seen: string[] = [];
      Reflect.set(window, 'seen', seen);
      const observer = new MutationObserver((records) => {
        for (const record of records)
          seen.push(`${record.type} ${record.target.nodeName} ${record.target.textContent ?? ''}`);
      });
      observer.observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    await message(panel).press('b');
    await panel.heard();
    assert.deepEqual(await panel.page.evaluate(() => Reflect.get(window, 'seen') as unknown), []);
    await panel.close();
  });
});

import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { approvalDigest } from '../../src/shared/approvalDigest.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import { asking, busy, READY, running, showing, user } from '../support/panelParts.ts';

suite('panel: approval', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });
  const open = (...parts: readonly ToolPart[]): Promise<PanelHarness> =>
    PanelHarness.open(browser, files, {
      state: {
        ...READY,
        activity: busy('waitingForApproval'),
        ...showing(running('t', [user('u', 'Go'), ...parts])),
      },
    });
  const card = (panel: PanelHarness) => panel.page.getByRole('region', { name: 'Approval needed' });

  test('Allow answers once, for exactly what was shown, and says that it is under way', async () => {
    const part = asking('a', 'Bash', { command: 'npm test' });
    const panel = await open(part);
    await card(panel).getByRole('button', { name: 'Allow' }).dblclick();
    await card(panel).getByText('Allowing…').waitFor();
    await panel.heard();
    assert.deepEqual(panel.said('answerApproval'), [
      {
        type: 'answerApproval',
        toolCallId: 'a',
        requestId: 'request-a',
        digest: approvalDigest('{"command":"npm test"}'),
        decision: 'allow',
        reason: '',
      },
    ]);
    assert.match((await card(panel).getByRole('button').getAttribute('class')) ?? '', /two/);
    await panel.close();
  });

  test('Deny takes a reason; Escape goes back; the focus returns to the composer', async () => {
    const panel = await open(asking('a', 'Bash', { command: 'npm test' }));
    await card(panel).getByRole('button', { name: 'Deny…' }).click();
    const reason = card(panel).getByRole('textbox', { name: 'Reason (optional)' });
    await reason.press('Escape');
    await card(panel).getByRole('button', { name: 'Deny…' }).click();
    await reason.fill('use pnpm');
    await reason.press('Enter');
    await card(panel).getByText('Denying…').waitFor();
    await panel.heard();
    assert.deepEqual(
      panel.said('answerApproval').map(({ decision, reason: words }) => [decision, words]),
      [['deny', 'use pnpm']],
    );
    await panel.close();
  });

  test('a second click on a card that took the place of the first does not answer it', async () => {
    const [one, two] = [
      asking('a', 'Bash', { command: 'one' }, 1, 2),
      asking('b', 'Bash', { command: 'two' }, 2, 2),
    ];
    const panel = await open(one, two);
    await card(panel).getByText('1 of 2').waitFor();
    await panel.update([{ op: 'setPart', turnId: 't', part: { ...one, state: 'running', approval: null } }]);
    await card(panel).getByText('2 of 2').waitFor();
    await card(panel)
      .getByRole('button', { name: 'Allow' })
      .evaluate((button) => {
        const event = new MouseEvent('click', { bubbles: true, detail: 2 });
        Object.defineProperty(event, 'timeStamp', { value: performance.now() - 10_000 });
        button.dispatchEvent(event);
      });
    await panel.heard();
    assert.deepEqual(panel.said('answerApproval'), []);
    await card(panel).getByRole('button', { name: 'Allow' }).press('Enter');
    await panel.heard();
    assert.deepEqual(
      panel.said('answerApproval').map(({ toolCallId }) => toolCallId),
      ['b'],
    );
    await panel.close();
  });

  test('a risky command is flagged as a guess, and no button stands out; a plain one has one', async () => {
    const risky = await open(asking('a', 'Bash', { command: 'rm -rf build' }));
    await card(risky).getByText('may delete files').waitFor();
    assert.equal(await card(risky).locator('.btn:not(.two)').count(), 0);
    await risky.close();
    const plain = await open(asking('a', 'Bash', { command: 'npm test' }));
    assert.equal(await card(plain).locator('.btn:not(.two)').textContent(), 'Allow');
    assert.equal(await card(plain).locator('.flag').count(), 0);
    await plain.close();
  });

  test('hidden and reordering characters are escapes; every line and member is there', async () => {
    const command = 'echo a\u202eb\u200bc\nrm\u00a0x';
    const panel = await open(asking('a', 'Bash', { command, run_in_background: true, timeout: 600_000 }));
    const box = card(panel).getByRole('group', { name: 'Command' });
    assert.deepEqual(await box.locator('code').allTextContents(), [
      'echo a\\u{202e}b\\u{200b}c',
      'rm\u00a0x',
    ]);
    await card(panel).getByText('2 hidden characters are shown as escapes').waitFor();
    assert.match(
      await card(panel).locator('.members').innerText(),
      /run_in_background:?\s*true[\s\S]*timeout:?\s*600000/,
    );
    await panel.close();
  });

  test('an edit shows its diff; an unsaved target is named and can be saved first', async () => {
    const panel = await open(
      asking('a', 'Edit', { file_path: 'src/a.ts', old_string: 'one\ntwo', new_string: 'one\nthree' }),
    );
    assert.deepEqual(await card(panel).locator('.hunk .line').allTextContents(), [' one', '−two', '+three']);
    assert.equal(await card(panel).getByText('has unsaved changes').count(), 0);
    panel.replies = { fileState: { isDirty: true, canOpen: true } };
    await panel.page.evaluate(() => {
      window.dispatchEvent(new Event('focus'));
    });
    await card(panel).getByText('a.ts has unsaved changes.').waitFor();
    panel.replies = { fileState: { isDirty: false, canOpen: true } };
    await card(panel).getByRole('button', { name: 'Save first' }).click();
    await card(panel).getByText('a.ts has unsaved changes.').waitFor({ state: 'detached' });
    assert.deepEqual(panel.said('saveFile'), [{ type: 'saveFile', path: 'src/a.ts' }]);
    await panel.close();
  });

  test('an unknown tool shows its whole input; a broken input is shown as it is', async () => {
    const panel = await open(asking('a', 'mystery', { list: [1, { deep: true }] }));
    await card(panel).getByText('Use mystery?').waitFor();
    assert.match(
      (await card(panel).getByRole('group', { name: 'Input' }).innerText()).replaceAll(/\s/g, ''),
      /\{"list":\[1,\{"deep":true\}\]\}/,
    );
    const broken = asking('b', 'Bash', {});
    await panel.update([
      { op: 'removePart', turnId: 't', partId: 'a' },
      {
        op: 'addPart',
        turnId: 't',
        part: {
          ...broken,
          approval: broken.approval === null ? null : { ...broken.approval, input: '{"command": "ls' },
        },
        beforeId: null,
      },
    ]);
    await card(panel).getByText('{"command": "ls').waitFor();
    await panel.close();
  });

  test('a card in a short window can be scrolled to its buttons', async () => {
    const panel = await open(
      asking('a', 'Bash', {
        command: Array.from({ length: 80 }, (_, index) => `echo ${String(index)}`).join('\n'),
      }),
    );
    await panel.page.setViewportSize({ width: 220, height: 300 });
    const allow = card(panel).getByRole('button', { name: 'Allow' });
    await allow.scrollIntoViewIfNeeded();
    const box = await allow.boundingBox();
    assert.ok(box !== null && box.y > 0 && box.y + box.height < 300);
    await panel.page.getByRole('textbox', { name: 'Message' }).click();
    await panel.close();
  });
});

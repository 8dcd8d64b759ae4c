import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import {
  asking,
  busy,
  notice,
  READY,
  running,
  showing,
  text,
  thought,
  tool,
  turn,
  user,
} from '../support/panelParts.ts';
import { PANEL_CASES, type CaseName } from '../support/panelStates.ts';

/** The table of names and roles: screen readers and the tests of others rely on it. */
suite('panel: names and roles', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });
  const open = (name: CaseName): Promise<PanelHarness> =>
    PanelHarness.open(browser, files, { ...PANEL_CASES[name], isTimeFrozen: true });

  test('transcript, turn, reasoning, tools, composer, stop', async () => {
    const panel = await open('streaming');
    const { page } = panel;
    const log = page.getByRole('log', { name: 'Conversation', exact: true });
    assert.equal(await log.getAttribute('aria-live'), 'off');
    const article = log.getByRole('article', { name: 'Why does the upload retry forever?', exact: true });
    assert.equal(await article.getAttribute('aria-busy'), 'true');
    const reasoning = article.getByRole('button', { name: 'Thought for 4 seconds', exact: true });
    assert.equal(await reasoning.getAttribute('aria-expanded'), 'false');
    await reasoning.click();
    assert.equal(await reasoning.getAttribute('aria-expanded'), 'true');
    await article.getByText('The retry loop looks suspicious.').waitFor();
    await article.getByRole('group', { name: 'Bash, running', exact: true }).waitFor();
    await article.getByRole('group', { name: 'Read, done', exact: true }).getByText('Read 3 files').waitFor();
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Send next' }).count(), 0);
    await page.getByRole('textbox', { name: 'Message' }).fill('and then');
    await page.getByRole('button', { name: 'Send next', exact: true }).waitFor();
    assert.deepEqual(panel.complaints, []);
    await panel.close();
  });

  test('tool states are words', async () => {
    const states = ['running', 'done', 'failed', 'denied', 'stopped'] as const;
    const panel = await PanelHarness.open(browser, files, {
      state: {
        ...READY,
        activity: busy('runningTool'),
        ...showing(
          running('t', [
            user('u', 'Go'),
            ...states.map((state) => tool(state, 'Bash', { command: 'ls' }, { state })),
            asking('a', 'Bash', { command: 'ls' }),
            thought('r', 'hm', null),
          ]),
        ),
      },
    });
    for (const word of [...states, 'waiting for approval']) {
      await panel.page.getByRole('group', { name: `Bash, ${word}`, exact: true }).waitFor();
    }
    await panel.page.getByRole('button', { name: 'Thinking…', exact: true }).waitFor();
    await panel.close();
  });

  test('approval: a region with its buttons, announced at once, without taking the focus', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(running('t', [user('u', 'Go')])) },
    });
    const message = panel.page.getByRole('textbox', { name: 'Message' });
    await message.focus();
    await panel.update(
      [{ op: 'addPart', turnId: 't', part: asking('a', 'Bash', { command: 'ls -la' }), beforeId: null }],
      { activity: busy('waitingForApproval') },
    );
    const region = panel.page.getByRole('region', { name: 'Approval needed', exact: true });
    await region.getByRole('button', { name: 'Allow', exact: true }).waitFor();
    await region.getByRole('button', { name: /^Deny/ }).waitFor();
    await panel.page
      .locator('[aria-live=assertive]', { hasText: 'Approval needed. Run this command? ls -la' })
      .waitFor();
    assert.equal(await message.evaluate((element) => element === document.activeElement), true);
    await panel.close();
  });

  test('connection, errors, attachments, latest', async () => {
    const lost = await open('reconnecting');
    await lost.page
      .getByRole('status')
      .getByText(/^Reconnecting in \d s/)
      .waitFor();
    await lost.close();
    const failed = await open('failed');
    const alert = failed.page.getByRole('alert');
    await alert.getByText('The model refused the key.').waitFor();
    await alert.getByRole('button', { name: 'Change key', exact: true }).click();
    await failed.heard();
    assert.deepEqual(failed.said('notice'), [{ type: 'notice', noticeId: 'n1', action: 'fixKey' }]);
    await failed.close();
    const finished = await open('finished');
    const chips = finished.page.getByRole('list', { name: 'Attached context', exact: true });
    assert.equal(await chips.getByRole('listitem').count(), 2);
    await chips.getByRole('button', { name: 'Remove download.ts', exact: true }).click();
    await finished.heard();
    assert.deepEqual(finished.said('removeAttachment'), [
      { type: 'removeAttachment', id: 'src/download.ts' },
    ]);
    assert.equal(await finished.page.getByRole('button', { name: 'Latest' }).count(), 0);
    await finished.close();
  });

  test('a turn end is said once and politely', async () => {
    const panel = await open('finished');
    await panel.post({ type: 'announce', text: 'The reply is finished.', isUrgent: false });
    await panel.page.locator('[aria-live=polite]', { hasText: 'The reply is finished.' }).waitFor();
    assert.equal(await panel.page.locator('[aria-live=assertive]').textContent(), '');
    await panel.close();
  });

  test('first run: what was found, each a button; the text typed is kept with its reason', async () => {
    const panel = await open('firstRun');
    await panel.page.getByRole('button', { name: /^Try the scripted demo/ }).click();
    await panel.heard();
    assert.deepEqual(panel.said('choose'), [{ type: 'choose', choiceId: 'demo' }]);
    assert.equal(
      await panel.page.getByRole('textbox', { name: 'Message' }).inputValue(),
      'Why does the upload retry forever?',
    );
    await panel.page.getByText('Kept until you choose a model').waitFor();
    await panel.close();
  });

  test('first run: each row says its state in words; what is being done cannot be chosen again', async () => {
    const panel = await open('firstRun');
    const found = panel.page.getByRole('list', { name: 'Found on this computer', exact: true });
    await found
      .getByRole('button', { name: /qwen3:8b.*4,096 of 20,000 tokens needed.*Make a 32k copy/ })
      .click();
    await found.getByRole('button', { name: /gpt-oss:20b.*Ready/ }).click();
    const busy = found.getByRole('button', { name: /llama3\.1:8b.*Making a copy…/ });
    assert.equal(await busy.getAttribute('aria-disabled'), 'true');
    await busy.click({ force: true });
    await panel.page.getByRole('status').getByText('Looking for models on this computer…').waitFor();
    await panel.heard();
    assert.deepEqual(panel.said('choose'), [
      { type: 'choose', choiceId: 'local:ollama/qwen3:8b' },
      { type: 'choose', choiceId: 'local:ollama/gpt-oss:20b' },
    ]);
    await panel.close();
  });

  test('a server with several agents: which one is asked in the same place', async () => {
    const panel = await open('chooseAgent');
    const list = panel.page.getByRole('list', { name: 'Agents there', exact: true });
    await list.getByRole('button', { name: /^Ada/ }).click();
    await panel.heard();
    assert.deepEqual(panel.said('choose'), [{ type: 'choose', choiceId: 'agent:agent-1' }]);
    await panel.page.getByText('Kept until you choose an agent').waitFor();
    await panel.close();
  });

  test('the demo: four things to try, each sent once, and the way to a real model', async () => {
    const panel = await open('demoEmpty');
    const tries = panel.page.getByRole('list', { name: 'Try one of these', exact: true });
    assert.equal(await tries.getByRole('button').count(), 4);
    await tries.getByRole('button', { name: 'A connection that drops', exact: true }).dblclick();
    await tries.getByRole('button', { name: 'A long reply', exact: true }).click({ force: true });
    await panel.page.getByRole('button', { name: 'Connect a real model', exact: true }).click();
    await panel.heard();
    assert.deepEqual(
      panel.said('submit').map((message) => Reflect.get(Object(message), 'text') as unknown),
      ['Drop the connection'],
    );
    assert.deepEqual(panel.said('choose'), [{ type: 'choose', choiceId: 'connectModel' }]);
    await panel.close();
  });

  test('footer: figures, ≈ where estimated, the demo named on every turn, copy', async () => {
    const panel = await open('demo');
    const footer = panel.page.getByRole('article').locator('footer');
    await footer.getByText('Demo: scripted, not a real model').waitFor();
    await footer.getByText('≈12 tokens').waitFor();
    await footer.getByText('first token 0.8 s').waitFor();
    await footer.getByRole('button', { name: 'Copy message' }).click();
    await panel.heard();
    assert.deepEqual(panel.said('copy'), [{ type: 'copy', text: 'You selected four lines of `greet.ts`.' }]);
    await panel.close();
  });

  test('every control can be reached with Tab, in the order of reading, and none twice', async () => {
    const panel = await open('approvalCommand');
    const names: string[] = [];
    await panel.page.evaluate(() => {
      document.body.focus();
    });
    for (let step = 0; step < 40; step++) {
      await panel.page.keyboard.press('Tab');
      const name = await panel.page.evaluate(() => {
        const element = document.activeElement;
        return element === null || element === document.body
          ? ''
          : (element.getAttribute('aria-label') ?? element.textContent.trim());
      });
      if (name === '' || (step > 0 && name === names[0])) break;
      names.push(name);
    }
    const expected = [
      'Agent: Ada. Switch agent',
      'Conversation: Fix the retry policy. Switch conversation',
      'Conversation',
      'Command',
      'Allow',
      'Deny…',
      'Edit this message',
      'Remove this message',
      'Message',
      'Add context',
      'Model: qwen3-coder. Choose a model',
      'Stop',
    ];
    assert.deepEqual(
      names.filter((name) => expected.includes(name)),
      expected,
    );
    assert.equal(new Set(names).size, names.length);
    await panel.close();
  });

  test('what a person must read of a notice stays readable: unknown events are quiet rows', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: {
        ...READY,
        ...showing(
          turn('t', [
            user('u', 'Hi'),
            text('x', 'Hello'),
            notice('n', { code: 'unknown', detail: '{"a":1}' }),
          ]),
        ),
      },
    });
    const row = panel.page.getByRole('button', { name: 'Something this version cannot show yet' });
    await row.click();
    await panel.page.getByText('{"a":1}').waitFor();
    await panel.close();
  });
});

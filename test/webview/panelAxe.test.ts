import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness, THEMES } from '../support/panelHarness.ts';
import { CASE_NAMES, PANEL_CASES } from '../support/panelStates.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');

async function violations(panel: PanelHarness): Promise<readonly string[]> {
  await panel.page.evaluate(AXE);
  const results = await panel.page.evaluate(() => {
    const axe = Reflect.get(window, 'axe') as { run: (options: unknown) => Promise<AxeResults> }; // put there just now
    return axe.run({ resultTypes: ['violations'] });
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}

suite('panel: axe finds nothing', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });

  for (const theme of THEMES) {
    for (const name of CASE_NAMES) {
      test(`${name}, ${theme}`, async () => {
        const panel = await PanelHarness.open(browser, files, {
          ...PANEL_CASES[name],
          theme,
          isTimeFrozen: true,
        });
        await panel.prepare(PANEL_CASES[name]);
        assert.deepEqual(await violations(panel), []);
        assert.deepEqual(panel.complaints, []);
        await panel.close();
      });
    }
  }

  test('it would find something: a button without a name', async () => {
    const panel = await PanelHarness.open(browser, files, { ...PANEL_CASES.empty });
    await panel.page.evaluate(() => {
      document.querySelector('[aria-label="Add context"]')?.removeAttribute('aria-label');
      document.querySelector('[title="Add context"]')?.removeAttribute('title');
    });
    assert.match((await violations(panel)).join('\n'), /button-name/);
    await panel.close();
  });
});

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser, openBundle } from '../support/browser.ts';
import type { BundlePage } from '../support/browser.ts';
import { THEME_NAMES, readTheme } from '../support/markdownThemes.ts';

const CODE = 'const answer: number = 42; // why\nconst text = `a${answer}`;\n';

suite('code blocks in a reply', () => {
  let browser: Browser;
  let bundle: BundlePage;
  suiteSetup(async () => {
    browser = await launchBrowser();
    bundle = await openBundle(browser, {
      entry: 'test/support/markdownPage.ts',
      stylesheets: ['webview/styles/markdown.css'],
    });
  });
  suiteTeardown(async () => {
    await bundle.close();
    await browser.close();
  });

  const show = (text: string, isClosed: boolean) =>
    bundle.page.evaluate(
      ([t, c]) => {
        window.markdown.show(t, c);
      },
      [text, isClosed] as const,
    );
  const calls = () => bundle.page.evaluate(() => [...window.markdown.calls]);

  test('a closed block is coloured from spans, its text unchanged, under the strict policy', async () => {
    await show(`\`\`\`ts\n${CODE}\`\`\`\n`, false);
    await bundle.page.waitForSelector('.md .hljs-keyword');
    assert.equal(await bundle.page.locator('.md code').textContent(), CODE);
    const classes = await bundle.page
      .locator('.md code span[class^="hljs-"]')
      .evaluateAll((spans: Element[]) => spans.map((span) => span.getAttribute('class') ?? ''));
    for (const expected of ['hljs-keyword', 'hljs-number', 'hljs-comment', 'hljs-string', 'hljs-subst']) {
      assert.ok(classes.includes(expected), `${expected} among ${classes.join(' ')}`);
    }
    assert.deepEqual(bundle.complaints, []);
    assert.deepEqual(bundle.foreignRequests, []);
  });

  test('an open block is plain; one that opens again after colouring shows the new text', async () => {
    await show(`\`\`\`ts\n${CODE}`, false);
    await bundle.page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    assert.equal(await bundle.page.locator('.md [class^="hljs-"]').count(), 0);
    const text = await bundle.page.evaluate(async (code) => {
      const grow = window.markdown.openGrowing();
      grow.setText(`\`\`\`ts\n${code}\`\`\``, false);
      while (grow.root.querySelector('.hljs-keyword') === null)
        await new Promise((r) => requestAnimationFrame(r));
      grow.setText(`\`\`\`ts\n${code}\`\`\`no\nmore`, false);
      return grow.root.querySelector('code')?.textContent;
    }, CODE);
    assert.equal(text, `${CODE}\`\`\`no\nmore`);
  });

  test('Copy and Insert at cursor give the code, Wrap lines toggles, all by name', async () => {
    await show(`\`\`\`ts\n${CODE}\`\`\`\n`, true);
    await bundle.page.getByRole('button', { name: 'Copy' }).click();
    assert.equal(await bundle.page.getByRole('button', { name: 'Copied' }).count(), 1);
    await bundle.page.getByRole('button', { name: 'Insert at cursor' }).press('Enter');
    assert.equal(
      await bundle.page.getByRole('button', { name: 'Copy', exact: true }).count(),
      1,
      'restored on blur',
    );
    const wrap = bundle.page.getByRole('button', { name: 'Wrap lines' });
    await wrap.click();
    assert.equal(await wrap.getAttribute('aria-pressed'), 'true');
    const code = CODE.slice(0, -1);
    assert.deepEqual(await calls(), [
      { name: 'copy', values: [code] },
      { name: 'insertAtCursor', values: [code] },
    ]);
  });

  test('long code is folded while it grows and opens with Show all', async () => {
    const lines = Array.from({ length: 200 }, (_, n) => `line ${String(n)}\n`).join('');
    await show(`\`\`\`\n${lines}`, false);
    const code = bundle.page.locator('.md code');
    assert.equal(await code.textContent(), lines);
    const folded = await code.evaluate((element) => element.getBoundingClientRect().height);
    await bundle.page.getByRole('button', { name: 'Show all 200 lines' }).click();
    const opened = await code.evaluate((element) => element.getBoundingClientRect().height);
    assert.ok(Math.abs(opened / folded - 200 / 64) < 0.1, `${String(folded)} → ${String(opened)}`);
    assert.equal(await bundle.page.getByRole('button', { name: /Show all/ }).count(), 0);
  });

  for (const name of THEME_NAMES) {
    test(`colours of code reach 4.5:1 in ${name}`, async () => {
      const theme = await readTheme(name);
      const css = await readFile('webview/styles/markdown.css', 'utf8');
      const used = [...css.matchAll(/\.hljs-[^{]*\{\s*color: var\((--vscode-[\w-]+)\)/g)].map(
        (match) => match[1] ?? '',
      );
      assert.ok(used.length >= 8);
      for (const variable of used) {
        const ratio = theme.contrast(variable, '--vscode-textCodeBlock-background');
        assert.ok(ratio >= 4.5, `${variable}: ${ratio.toFixed(2)}`);
      }
    });
  }
});

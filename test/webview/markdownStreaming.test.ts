import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import { launchBrowser, openBundle } from '../support/browser.ts';
import type { BundlePage } from '../support/browser.ts';
import type { StreamReport } from '../support/markdownPage.ts';
import { MARKDOWN_SAMPLES } from '../support/markdownSamples.ts';

interface SpecExample {
  readonly markdown: string;
  readonly number: number;
}

function specExamples(): readonly SpecExample[] {
  // `as`: the package has no types; shape as in its index.js. Tabs are written as arrows there.
  const spec = createRequire(import.meta.url)('commonmark-spec') as {
    readonly tests: readonly SpecExample[];
  };
  return spec.tests.map(({ markdown, number }) => ({ number, markdown: markdown.replaceAll('→', '\t') }));
}

/** Lines that mean something together with their neighbours. */
const LINES = [
  'text', '', '', '- a', '- b', '  - c', '* d', '1. e', '2. f', '10) g', '> q', '>', '```', '```js', '~~~', '    code',
  '  x', '\ty', '---', '===', '***', '# h', '| a | b |', '|---|:-:|', 'a | b', '[r]: /u', '"title', 'more"', '[r] [s]',
  '[s]: <x>', "  'tt", '- [r]: /v', '- [ ] t', '-', '1.', '![i][r]', '<b>', '  ', '\\', '**o', 'p** `q', '- ```', '  ```',
]; // prettier-ignore
const document = fc
  .array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 14 })
  .map((lines) => lines.join('\n'));

suite('markdown while it streams', () => {
  let browser: Browser;
  let bundle: BundlePage;
  suiteSetup(async () => {
    browser = await launchBrowser();
    bundle = await openBundle(browser, { entry: 'test/support/markdownPage.ts' });
  });
  suiteTeardown(async () => {
    await bundle.close();
    await browser.close();
  });

  const stream = (text: string, cuts: readonly number[], step = 1): Promise<StreamReport> =>
    bundle.page.evaluate(([t, c, s]) => window.markdown.stream(t, c, s), [text, cuts, step] as const);
  const everyCut = (text: string): number[] => Array.from({ length: text.length }, (_, index) => index + 1);
  const check = (report: StreamReport, name: string) => {
    assert.equal(report.difference === null ? '' : firstDifference(report.difference), '', name);
    assert.equal(report.replacedBlocks, 0, `${name}: closed blocks keep their elements`);
  };

  for (const [name, text] of Object.entries(MARKDOWN_SAMPLES)) {
    test(`"${name}" shows the same at every cut as one parse of what has arrived`, async () => {
      check(await stream(text, everyCut(text)), name);
    });
  }

  test('all CommonMark examples, every cut', async () => {
    const examples = specExamples();
    assert.ok(examples.length >= 652);
    const reports = await bundle.page.evaluate(
      (texts) =>
        texts.map((text) =>
          window.markdown.stream(
            text,
            Array.from({ length: text.length }, (_, n) => n + 1),
            1,
          ),
        ),
      examples.map((example) => example.markdown),
    );
    reports.forEach((report, index) => {
      check(report, `example ${String(examples[index]?.number)}`);
    });
  }).timeout(120_000);

  test('generated documents, every cut', async () => {
    const texts = fc.sample(document, { numRuns: 1500, seed: seed() });
    const reports = await bundle.page.evaluate(
      (all) =>
        all.map((text) =>
          window.markdown.stream(
            text,
            Array.from({ length: text.length }, (_, n) => n + 1),
            1,
          ),
        ),
      texts,
    );
    reports.forEach((report, index) => {
      check(report, JSON.stringify(texts[index]));
    });
  }).timeout(300_000);

  test('a long document in pieces of any size', async () => {
    const part = Object.values(MARKDOWN_SAMPLES).join('\n\n');
    const text = `${part}\n\n${part}`;
    const cuts = fc.sample(
      fc.uniqueArray(fc.integer({ min: 1, max: text.length }), { minLength: 60, maxLength: 60 }),
      {
        numRuns: 5,
        seed: seed(),
      },
    );
    for (const some of cuts)
      check(
        await stream(
          text,
          some.toSorted((a, b) => a - b),
          3,
        ),
        String(some),
      );
  }).timeout(60_000);
});

/** Random, printed by the assertion messages as the text itself; fixed by LETTA_TEST_SEED. */
function seed(): number {
  return Number(process.env['LETTA_TEST_SEED'] ?? Date.now() % 1_000_000);
}

function firstDifference({ length, streamed, oneShot }: NonNullable<StreamReport['difference']>): string {
  let at = 0;
  while (streamed[at] === oneShot[at]) at++;
  const around = (html: string) => html.slice(Math.max(0, at - 80), at + 120);
  return `after ${String(length)}: streamed …${around(streamed)}… one parse …${around(oneShot)}…`;
}

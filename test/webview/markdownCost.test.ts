import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser, openBundle } from '../support/browser.ts';
import type { BundlePage } from '../support/browser.ts';
import type { TouchReport } from '../support/markdownPage.ts';
import { MARKDOWN_SAMPLES } from '../support/markdownSamples.ts';

const REPLY = MARKDOWN_SAMPLES['reply'] ?? '';
const repeat = (length: number, make: (index: number) => string): string => {
  let text = '';
  for (let index = 0; text.length < length; index++) text += make(index);
  return text;
};

/** Counts, not times: they hold on any machine. */
suite('what a flush of markdown costs', () => {
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

  const touched = (before: string, added: string): Promise<TouchReport> =>
    bundle.page.evaluate(([b, a]) => window.markdown.touched(b, a), [before, added] as const);

  test('the length of the message does not matter: the open block only is parsed and touched', async () => {
    const short = await touched(`${REPLY}\nAn open`, ' paragraph');
    const long = await touched(`${repeat(500_000, () => `${REPLY}\n`)}\nAn open`, ' paragraph');
    assert.deepEqual(long, short);
    assert.deepEqual(long, { added: 0, removed: 0, changed: 1, parsedLength: 'An open paragraph'.length });
  }).timeout(30_000);

  const structures: Readonly<Record<string, readonly [string, string]>> = {
    'code block': [
      `\`\`\`ts\n${repeat(100_000, (n) => `const a${String(n)} = ${String(n)};\n`)}`,
      'const b = 1',
    ],
    table: [`| n | m |\n|---|---|\n${repeat(100_000, (n) => `| ${String(n)} | x |\n`)}`, '| a | b'],
    list: [repeat(100_000, (n) => `${String(n + 1)}. item ${String(n)}\n`), '99999. more'],
    'list that began loose': [`- a\n\n- b\n${repeat(100_000, (n) => `- item ${String(n)}\n`)}`, '- more'],
    'loose list': [repeat(100_000, (n) => `- item ${String(n)}\n\n`), '- more'],
  };
  for (const [name, [before, added]] of Object.entries(structures)) {
    test(`a growing ${name} of 100 KB: closed lines are neither parsed nor touched again`, async () => {
      // Two lines more: the first flush after a big one cuts the source.
      const report = await touched(before, added);
      assert.ok(report.parsedLength <= 250, `parsed ${String(report.parsedLength)}`);
      assert.ok(report.added <= 3 && report.removed <= 1, JSON.stringify(report));
    });
  }

  test('one block is parsed per flush, two when one ends', async () => {
    const text = repeat(20_000, () => `${REPLY}\n`);
    const cuts = Array.from({ length: text.length / 4 }, (_, index) => (index + 1) * 4);
    const report = await bundle.page.evaluate(([t, c]) => window.markdown.stream(t, c, 1e9), [
      text,
      cuts,
    ] as const);
    assert.equal(report.difference, null);
    assert.ok(report.mostBlocks <= 3, `most blocks in a flush: ${String(report.mostBlocks)}`);
    const perFlush = report.counts.renderedBlocks / report.counts.flushes;
    assert.ok(perFlush <= 1.5, `blocks per flush: ${perFlush.toFixed(2)}`);
  }).timeout(60_000);

  test('a late definition shows each block that names it again, once', async () => {
    const text = `See [a].\n\n${repeat(2_000, () => `${REPLY}\n`)}And [a] and [b].\n\n[a]: https://example.com/\n\nend\n\nend`;
    const cuts = Array.from({ length: text.length }, (_, index) => index + 1);
    const report = await bundle.page.evaluate(([t, c]) => window.markdown.stream(t, c, 1e9), [
      text,
      cuts,
    ] as const);
    assert.equal(report.difference, null);
    assert.equal(report.counts.reRenderedBlocks, 2);
    assert.equal(report.replacedBlocks, 0);
  }).timeout(30_000);

  test('95 KB are there and 5 KB arrive at 200 tokens/s: no long task', async () => {
    const before = repeat(95_000, () => `${REPLY}\n`);
    const added = repeat(5_000, () => `${REPLY}\n`);
    // 200 tokens of 4 characters a second at 60 frames a second.
    const size = 13;
    const pieces = Array.from({ length: Math.ceil(added.length / size) }, (_, index) =>
      added.slice(index * size, (index + 1) * size),
    );
    // The entries are wall-clock: on a busy machine an empty frame is long now and then. What this code causes comes
    // in every attempt.
    const attempts: (readonly number[])[] = [];
    for (let attempt = 0; attempt < 4 && attempts.at(-1)?.length !== 0; attempt++) {
      attempts.push(
        await bundle.page.evaluate(([b, p]) => window.markdown.streamByFrame(b, p), [
          before,
          pieces,
        ] as const),
      );
    }
    assert.deepEqual(attempts.at(-1), [], JSON.stringify(attempts));
    assert.deepEqual(bundle.complaints, []);
  }).timeout(120_000);
});

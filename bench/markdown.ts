import type { Browser } from 'playwright-core';
import { launchBrowser, openBundle } from '../test/support/browser.ts';
import { MARKDOWN_SAMPLES } from '../test/support/markdownSamples.ts';

/** `node bench/markdown.ts [--json]`: main-thread ms per 1,000 tokens while a message of N KB grows. See README.md. */
const SIZES_KB = [10, 100, 500] as const;
const STRATEGIES = ['bound', 'ours', 'markdown-it whole'] as const;
const TOKENS = 250;
/** A frame of the whole-message strategy takes up to a second: fewer tokens tell its cost as well. */
const SLOW_TOKENS = { 10: 100, 100: 40, 500: 10 } as const;
const TOKEN_LENGTH = 4;

type Row = Record<(typeof STRATEGIES)[number], number> & { readonly kb: number };
type Measure = (strategy: string, before: string, tokens: number) => Promise<number>;

/** Each measurement has a page of its own: what an earlier one left behind would be counted. */
async function measureOnce(
  browser: Browser,
  strategy: string,
  before: string,
  tokens: number,
): Promise<number> {
  const bundle = await openBundle(browser, {
    entry: 'bench/markdownPage.ts',
    stylesheets: ['webview/styles/markdown.css', 'bench/scroller.css'],
    hasNoPolicy: true,
  });
  const session = await bundle.page.context().newCDPSession(bundle.page);
  // CPU time of the main thread: what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskSeconds = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? 0;
  };
  const added = textOf(tokens * TOKEN_LENGTH);
  await bundle.page.evaluate(([name, text]) => window.bench.prepare(name, text), [strategy, before] as const);
  const start = await taskSeconds();
  await bundle.page.evaluate(([b, a, n]) => window.bench.run(b, a, n), [
    before,
    added,
    TOKEN_LENGTH,
  ] as const);
  const result = (((await taskSeconds()) - start) * 1000 * 1000) / tokens;
  await bundle.close();
  return result;
}

function textOf(length: number): string {
  const reply = MARKDOWN_SAMPLES['reply'] ?? '';
  return `${reply}\n`.repeat(Math.ceil(length / (reply.length + 1))).slice(0, length);
}

async function main(): Promise<void> {
  const browser = await launchBrowser();
  const measure: Measure = (strategy, before, tokens) => measureOnce(browser, strategy, before, tokens);
  const rows: Row[] = [];
  try {
    await measure('ours', textOf(2_000), TOKENS);
    for (const kb of SIZES_KB) {
      const before = `${textOf(kb * 1000)}\n\n`;
      rows.push({
        kb,
        bound: await measure('bound', before, TOKENS),
        ours: await measure('ours', before, TOKENS),
        'markdown-it whole': await measure('markdown-it whole', before, SLOW_TOKENS[kb]),
      });
    }
  } finally {
    await browser.close();
  }
  process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(rows)}\n` : table(rows));
}

function table(rows: readonly Row[]): string {
  const line = (row: Row) =>
    `| ${String(row.kb)} KB | ${STRATEGIES.map((name) => `${row[name].toFixed(0)} (${(row[name] / row.bound).toFixed(2)}x)`).join(' | ')} |\n`;
  return `| message | ${STRATEGIES.join(' | ')} |\n|---|${'---|'.repeat(STRATEGIES.length)}\n${rows.map(line).join('')}`;
}

await main();

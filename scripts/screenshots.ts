import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import { buildPanel, PanelHarness, THEMES, type Theme } from '../test/support/panelHarness.ts';
import { CASE_NAMES, PANEL_CASES, type CaseName } from '../test/support/panelStates.ts';

/**
 * `npm run screenshots`: every state of the panel in VS Code's four themes, at 360 and 220 px, and one sheet per theme
 * and width with all of them. `-- NAME…` makes only the named states.
 */
const WIDTHS = [360, 220] as const;
const HEIGHT = 640;
const FOLDER = 'screenshots';

const asked = process.argv.slice(2);
const names = asked.length === 0 ? CASE_NAMES : CASE_NAMES.filter((name) => asked.includes(name));
await mkdir(FOLDER, { recursive: true });
const files = await buildPanel();
const browser = await launchBrowser();
let complaints = 0;
try {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      const pictures = [];
      for (const name of names) pictures.push({ name, png: await picture(browser, theme, width, name) });
      await sheet(browser, theme, width, pictures);
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(
  `${String(names.length * THEMES.length * WIDTHS.length)} pictures and ${String(THEMES.length * WIDTHS.length)} sheets in ${FOLDER}/, ${String(complaints)} complaints\n`,
);
process.exitCode = complaints === 0 ? 0 : 1;

async function picture(chromium: Browser, theme: Theme, width: number, name: CaseName): Promise<Buffer> {
  const panelCase = PANEL_CASES[name];
  const panel = await PanelHarness.open(chromium, files, {
    state: panelCase.state,
    ...(panelCase.draft === undefined ? {} : { draft: panelCase.draft }),
    theme,
    width,
    height: HEIGHT,
    isTimeFrozen: true,
  });
  await panel.prepare(panelCase);
  const png = await panel.page.screenshot({
    path: join(FOLDER, `${name}-${theme}-${String(width)}.png`),
    caret: 'initial',
  });
  for (const complaint of panel.complaints) {
    complaints++;
    process.stderr.write(`${name} ${theme}: ${complaint}\n`);
  }
  await panel.close();
  return png;
}

async function sheet(
  chromium: Browser,
  theme: Theme,
  width: number,
  pictures: readonly { readonly name: string; readonly png: Buffer }[],
): Promise<void> {
  const page = await chromium.newPage({
    viewport: { width: 5 * (width + 12) + 12, height: 400 },
    colorScheme: 'dark',
  });
  const figures = pictures
    .map(
      ({ name, png }) =>
        `<figure><img src="data:image/png;base64,${png.toString('base64')}" width="${String(width)}"><figcaption>${name}</figcaption></figure>`,
    )
    .join('');
  await page.setContent(
    `<style>body{margin:12px;display:flex;flex-wrap:wrap;gap:12px;background:#777;font:12px sans-serif}figure{margin:0}img{display:block}</style>${figures}`,
  );
  await writeFile(
    join(FOLDER, `sheet-${theme}-${String(width)}.png`),
    await page.screenshot({ fullPage: true }),
  );
  await page.close();
}

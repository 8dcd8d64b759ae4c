import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findDesktopCode, startDesktop } from './lib/desktop.ts';
import { askOnce } from './lib/once.ts';
import { cacheRoot } from './lib/paths.ts';
import { ensureSample } from './lib/sample.ts';
import { startInBrowser } from './lib/startInBrowser.ts';
import { ensureVsix } from './lib/vsix.ts';

const USAGE = `npm start                        opens VS Code with Letta in a sample folder
npm start -- --once "question"   asks one question in a headless VS Code and prints the reply
npm start -- --browser           the VS Code of the npm package, even where desktop VS Code is installed
npm start -- --no-open           does not open the browser: prints the address only`;

const { values } = parseArgs({
  options: {
    once: { type: 'string' },
    browser: { type: 'boolean', default: false },
    'no-open': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else
  try {
    await start();
  } catch (error) {
    console.error(`\nNot done: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }

async function start(): Promise<void> {
  const vsix = await ensureVsix(() => {
    process.stderr.write('Building and packaging the extension …\n');
  });
  if (values.once !== undefined) {
    await askOnce(vsix, values.once);
    return;
  }
  const stateDir = join(cacheRoot(), 'start');
  await mkdir(stateDir, { recursive: true });
  const folder = await ensureSample(join(stateDir, 'photo-sync'));
  const code = values.browser ? null : findDesktopCode();
  if (code !== null) await startDesktop(code, vsix, stateDir, folder);
  else await startInBrowser(vsix, stateDir, folder, !values['no-open']);
}

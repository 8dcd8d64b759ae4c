import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { launchChromium } from './chromium.ts';
import { deferred } from './deferred.ts';
import { LOGS, ROOT } from './paths.ts';
import { ensureSample } from './sample.ts';
import { readRecords, testFiles, type TestRecord } from './testRecords.ts';
import { VsCodeServer } from './vsCodeServer.ts';

const OUTPUT = join(ROOT, 'out', 'test', 'integration');
const TIMEOUT_MS = 5 * 60_000;

/** Bundles test/integration for an extension host; resolves to the module that exports `run()`. */
export async function bundleIntegration(): Promise<string> {
  const files = await testFiles('integration');
  await rm(OUTPUT, { recursive: true, force: true });
  await build({
    entryPoints: [join(ROOT, 'test', 'integration', 'index.ts'), ...files],
    outdir: OUTPUT,
    outbase: join(ROOT, 'test', 'integration'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return join(OUTPUT, 'index.cjs');
}

/** Runs the integration tests in the VS Code of the npm package: a development host with our extension, in a page. */
export async function runIntegration(say: (line: string) => void): Promise<readonly TestRecord[]> {
  if ((await testFiles('integration')).length === 0) {
    say('no tests yet');
    return [];
  }
  const testsPath = await bundleIntegration();
  const dataDir = await mkdtemp(join(tmpdir(), 'letta-integration-'));
  const report = join(LOGS, 'integration.jsonl');
  await mkdir(LOGS, { recursive: true });
  await rm(report, { force: true });
  const folder = await ensureSample(join(dataDir, 'photo-sync'));
  const server = await VsCodeServer.start({
    dataDir,
    isTestDriver: true,
    env: { LETTA_TEST_REPORT: report },
  });
  try {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
      const code = deferred<number>();
      const pageLog: string[] = [];
      page.on('console', (message) => pageLog.push(message.text()));
      page.on('crash', () => {
        code.reject(new Error('the page of VS Code crashed'));
      });
      await page.exposeFunction('codeAutomationLog', (_type: string, args: readonly unknown[]) => {
        const text = args.map(String).join(' ');
        // The extension host's console comes here whole; only the reporter's lines are of interest.
        if (/^ {2,4}\S/.test(text)) for (const line of text.split('\n')) say(line);
      });
      await page.exposeFunction('codeAutomationExit', (exitCode: number) => {
        code.resolve(exitCode);
      });
      const remote = `vscode-remote://localhost:${String(server.port)}`;
      await page.goto(
        server.url(folder, [
          ['extensionDevelopmentPath', remote + ROOT],
          ['extensionTestsPath', remote + testsPath],
        ]),
      );
      const timer = setTimeout(() => {
        code.reject(new Error(`the tests did not end within ${String(TIMEOUT_MS / 60_000)} minutes`));
      }, TIMEOUT_MS);
      try {
        const exitCode = await code.promise;
        const records = await readRecords(report, basename(testsPath), exitCode);
        if (records.some(({ state }) => state === 'failed')) await keepLog(pageLog, say);
        return records;
      } catch (error) {
        await keepLog(pageLog, say);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      await browser.close();
    }
  } finally {
    await server.dispose();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function keepLog(lines: readonly string[], say: (line: string) => void): Promise<void> {
  const path = join(LOGS, 'integration-window.log');
  await writeFile(path, lines.join('\n'));
  say(`  log of the window: ${path}`);
}

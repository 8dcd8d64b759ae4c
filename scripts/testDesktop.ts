import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { bundleIntegration } from './lib/integration.ts';
import { cacheRoot, ROOT } from './lib/paths.ts';
import { runOrThrow } from './lib/processes.ts';
import { ensureSample } from './lib/sample.ts';

/** npm run test:desktop: test/integration in desktop VS Code, the oldest that the manifest allows or the one named. */
const version = process.argv[2] ?? 'stable';
const cache = join(cacheRoot(), 'desktop-vscode');
await mkdir(cache, { recursive: true });

let executable: string | null = null;
try {
  executable = await downloadAndUnzipVSCode({ version, cachePath: cache });
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  console.log(`not run: desktop VS Code ${version} could not be fetched (${reason}).`);
  console.log(
    'Not tried therefore: activation and commands in Electron, and what differs there from VS Code in a browser:',
  );
  console.log(
    'the webview in a process of its own, Node inside Electron for the runtime, SecretStorage, windows and menus.',
  );
  console.log('`npm test` runs the same suites in the VS Code of the npm package code-server.');
}

if (executable !== null)
  try {
    await runOrThrow(process.execPath, [join(ROOT, 'scripts', 'build.ts')], { cwd: ROOT });
    const extensionTestsPath = await bundleIntegration();
    const folder = await ensureSample(join(cacheRoot(), 'start', 'photo-sync'));
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: ROOT,
      extensionTestsPath,
      launchArgs: [folder, '--disable-workspace-trust', '--disable-extensions', '--skip-welcome'],
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONSENTS } from './consents.ts';
import { stopProcesses } from './processList.ts';
import { findOnPath, isExecutable, runOrThrow } from './processes.ts';
import { untilInterrupted } from './untilInterrupted.ts';

const ON_MAC = '/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code';

/** The `code` of an installed desktop VS Code that can show a window here, or null. */
export function findDesktopCode(): string | null {
  const hasDisplay =
    process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
  if (!hasDisplay) return null;
  const found = findOnPath(['code', 'code-insiders']) ?? (isExecutable(ON_MAC) ? ON_MAC : null);
  // In a terminal of a remote window `code` only talks to that window.
  return found?.includes('remote-cli') === true ? null : found;
}

/** Opens desktop VS Code with its own profile and extensions; stays until its window closes or Ctrl+C. */
export async function startDesktop(
  code: string,
  vsix: string,
  stateDir: string,
  folder: string,
): Promise<void> {
  const userDataDir = join(stateDir, 'desktop');
  const own = ['--user-data-dir', userDataDir, '--extensions-dir', join(stateDir, 'desktop-extensions')];
  const shell = process.platform === 'win32';
  await mkdir(join(userDataDir, 'User'), { recursive: true });
  // Here user settings are this computer's: the profile is ours alone.
  await writeFile(
    join(userDataDir, 'User', 'settings.json'),
    JSON.stringify(
      { ...CONSENTS, 'workbench.startupEditor': 'none', 'telemetry.telemetryLevel': 'off' },
      null,
      2,
    ),
  );
  await runOrThrow(code, [...own, '--install-extension', vsix, '--force'], { shell });
  const child = spawn(code, [...own, '--disable-workspace-trust', '--new-window', '--wait', folder], {
    stdio: 'ignore',
    shell,
  });
  console.log(
    `\nLetta is ready in desktop VS Code (${code}). Close its window or press Ctrl+C to stop all of it.`,
  );
  await untilInterrupted(once(child, 'exit'));
  await stopDesktop(userDataDir);
}

/** The main process keeps its pid in code.lock: `code` itself only waits for it. */
async function stopDesktop(userDataDir: string): Promise<void> {
  const pid = Number(await readFile(join(userDataDir, 'code.lock'), 'utf8').catch(() => ''));
  if (pid > 0) await stopProcesses([pid]);
}

import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CONSENTS } from './consents.ts';
import { findOnPath } from './processes.ts';
import { untilInterrupted } from './untilInterrupted.ts';
import { VsCodeServer } from './vsCodeServer.ts';

/** Opens the VS Code of the npm package in the default browser and stays until Ctrl+C. */
export async function startInBrowser(
  vsix: string,
  stateDir: string,
  folder: string,
  isOpened: boolean,
): Promise<void> {
  const server = await VsCodeServer.start({
    dataDir: join(stateDir, 'vscode-server'),
    vsix,
    settings: { ...CONSENTS, 'workbench.secondarySideBar.defaultVisibility': 'visible' },
    // The person's own: tools that an agent runs find git's and ssh's settings there.
    home: homedir(),
    reconnectionGraceSeconds: 600,
  });
  try {
    const url = server.url(folder);
    console.log(
      `\nLetta is ready in VS Code:\n\n  ${url}\n\nIts icon is in the bar at the left. Ctrl+C stops all of it.`,
    );
    if (isOpened) openBrowser(url);
    await untilInterrupted(server.exited);
    console.log('\nStopping …');
  } finally {
    await server.dispose();
  }
}

function openBrowser(url: string): void {
  const [command, ...args]: readonly [string, ...string[]] =
    process.platform === 'win32'
      ? ['cmd', '/c', 'start', '""', url.replaceAll('&', '^&')]
      : [process.platform === 'darwin' ? 'open' : 'xdg-open', url];
  const isDisplayed =
    process.platform !== 'linux' ||
    Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? process.env['BROWSER']);
  if (!isDisplayed || (process.platform !== 'win32' && findOnPath([command]) === null)) return;
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.once('error', (error) => {
    console.error(`The browser could not be opened (${error.message}); open the address above.`);
  });
  child.unref();
}

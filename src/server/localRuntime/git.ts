import { execFile } from 'node:child_process';
import { LettaError } from '../../core/lettaConnection.ts';

const LIMIT_MS = 10_000;

/** Letta keeps an agent's memory in a Git repository and cannot make an agent without it. */
export function requireGit(env: Readonly<Record<string, string>>, platform: NodeJS.Platform): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not only whether it is there: macOS has a `git` that fails until its developer tools are installed.
    execFile('git', ['--version'], { env, timeout: LIMIT_MS, windowsHide: true }, (error) => {
      if (error === null) resolve();
      else
        reject(
          new LettaError('gitMissing', `Letta needs Git, which was not found. ${adviceFor(platform)}`, {
            cause: error,
          }),
        );
    });
  });
}

export function adviceFor(platform: NodeJS.Platform): string {
  return `${INSTALL[platform] ?? INSTALL_PACKAGE} Then restart VS Code.`;
}

const INSTALL: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  win32: 'Install Git for Windows from https://git-scm.com/download/win.',
  darwin: 'Run "xcode-select --install" in a terminal.',
};
const INSTALL_PACKAGE =
  'Install the package "git" with your system\'s package manager, for example "sudo apt install git".';

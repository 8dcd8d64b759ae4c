import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Finished {
  readonly code: number;
  /** Both streams, in the order they came. */
  readonly output: string;
}

/** Runs a command to its end. Rejects only when it cannot be started. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { readonly onOutput?: (text: string) => void } = {},
): Promise<Finished> {
  const { onOutput, ...spawnOptions } = options;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...spawnOptions });
  let output = '';
  const take = (chunk: Buffer): void => {
    const text = chunk.toString('utf8');
    output += text;
    onOutput?.(text);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? 1, output };
}

/** Like `run`, but a code other than 0 is an error that carries the end of the output. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { readonly onOutput?: (text: string) => void } = {},
): Promise<string> {
  const { code, output } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(
      `${[command, ...args].join(' ')} ended with code ${String(code)}:\n${output.trim().split('\n').slice(-25).join('\n')}`,
    );
  }
  return output;
}

/** npm by the path it named itself inside an npm script, else the one on PATH. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const own = process.env['npm_execpath'];
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel', 'error'];
  if (own !== undefined && /\.c?js$/.test(own))
    return await runOrThrow(process.execPath, [own, ...args, ...quiet], { cwd });
  const isWindows = process.platform === 'win32';
  return await runOrThrow(isWindows ? 'npm.cmd' : 'npm', [...args, ...quiet], { cwd, shell: isWindows });
}

/** The first of `names` found on PATH, or null. */
export function findOnPath(names: readonly string[]): string | null {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const name of names)
    for (const folder of (process.env['PATH'] ?? '').split(delimiter))
      for (const suffix of suffixes) {
        const path = join(folder, name + suffix);
        if (folder !== '' && isExecutable(path)) return path;
      }
  return null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there or not for us: either way it is not one.
    return false;
  }
}

/**
 * Ends a process group started with `detached: true`: asks first, insists after `graceMs`. Resolves when the leader is gone.
 */
export async function stopGroup(child: ChildProcess, graceMs = 5000): Promise<void> {
  if (child.pid === undefined) return;
  const { pid } = child;
  const isGone = child.exitCode !== null || child.signalCode !== null;
  if (!isGone) {
    const exited = once(child, 'exit');
    signalGroup(pid, 'SIGTERM');
    const insist = setTimeout(() => {
      signalGroup(pid, 'SIGKILL');
    }, graceMs);
    await exited;
    clearTimeout(insist);
  }
  // What the leader left behind in its group.
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

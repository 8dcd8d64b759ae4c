import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './processes.ts';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The machine's processes. Empty on Windows. */
export async function listProcesses(): Promise<readonly RunningProcess[]> {
  if (process.platform === 'win32') return [];
  if (process.platform !== 'linux') return await listWithPs();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return found.filter((entry) => entry !== null);
}

/** `root` and all below it. */
export function descendants(all: readonly RunningProcess[], root: number): readonly RunningProcess[] {
  const family = new Set([root]);
  // Pids wrap around, so a child may stand before its parent: repeat until nothing is added.
  for (let before = 0; before !== family.size;) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

/** Asks, and insists on those that are still there after 3 s. */
export async function stopProcesses(pids: readonly number[]): Promise<void> {
  let rest = pids.filter((pid) => signal(pid, 'SIGTERM'));
  const deadline = Date.now() + 3000;
  while (rest.length > 0 && Date.now() < deadline) {
    await delay(50);
    rest = rest.filter((pid) => signal(pid, 0));
  }
  for (const pid of rest) signal(pid, 'SIGKILL');
}

/** Whether it was there. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function readProcess(pid: number): Promise<RunningProcess | null> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    const command = (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    // The second field is the name in brackets and may hold spaces; the state and the parent follow it.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, command };
  } catch {
    // It ended while the list was read.
    return null;
  }
}

async function listWithPs(): Promise<readonly RunningProcess[]> {
  const { output } = await run('ps', ['-axww', '-o', 'pid=,ppid=,command=']);
  return [...output.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, command]) => ({
    pid: Number(pid),
    parent: Number(parent),
    command: command ?? '',
  }));
}

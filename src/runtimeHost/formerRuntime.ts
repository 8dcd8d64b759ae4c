import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, isRunning } from './runningProcess.ts';

const LIMIT_MS = 4_000;
const POLL_MS = 25;

const pidFile = (stateDir: string): string => join(stateDir, 'runtime.pid');

export function noteRuntime(stateDir: string, pid: number): void {
  writeFileSync(pidFile(stateDir), String(pid), { mode: 0o600 });
}

export function forgetRuntime(stateDir: string): void {
  rmSync(pidFile(stateDir), { force: true });
}

/**
 * Resolves when the runtime of a broker that was killed is gone. It ends by itself a moment after its broker, and writes
 * its conversations in place while it does: a runtime that reads them meanwhile finds an empty file and takes the
 * conversation for missing as long as it lives. A pid that belongs to another program by now only costs the limit.
 */
export async function formerRuntimeEnded(stateDir: string): Promise<void> {
  const pid = readPid(stateDir);
  if (pid === null) return;
  const limit = Date.now() + LIMIT_MS;
  // The end of a process that is not one's child is not announced.
  while (isRunning(pid) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  forgetRuntime(stateDir);
}

function readPid(stateDir: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile(stateDir), 'utf8'));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

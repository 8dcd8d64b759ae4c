import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BoundedLog } from './boundedLog.ts';
import { codeOf, isRunning } from './runningProcess.ts';

/** Holds a file named after the pid of each broker that runs from the version. */
const USERS = 'used-by';

/** Says that this process runs from the folder, so that no other removes it. */
export function useVersion(programDir: string, pid = process.pid): void {
  mkdirSync(join(programDir, USERS), { recursive: true });
  writeFileSync(join(programDir, USERS, String(pid)), '');
}

/** Removes the versions beside this one that nothing runs from: brokers for other servers may still use them. */
export function removeUnusedVersions(programDir: string, log: BoundedLog): void {
  const versions = dirname(programDir);
  for (const name of readdirSync(versions)) {
    const other = join(versions, name);
    if (name === basename(programDir) || usersOf(other).some(isRunning)) continue;
    try {
      rmSync(other, { recursive: true, force: true, maxRetries: 2 });
    } catch (error) {
      // Windows keeps files that are open. The next start tries again.
      log.line(`version ${name} was not removed: ${codeOf(error) ?? String(error)}`);
    }
  }
}

function usersOf(programDir: string): readonly number[] {
  try {
    return readdirSync(join(programDir, USERS)).map(Number);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

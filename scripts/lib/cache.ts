import { mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheRoot } from './paths.ts';

const STAMP = '.complete.json';

interface Stamp {
  readonly integrity: string;
  readonly fileCount: number;
}

/**
 * A folder of the cache that holds exactly what `fill` puts there. It is made beside its place and renamed when complete,
 * under a lock, so a broken-off or concurrent install never leaves a half one behind. `integrity` names the content
 * wanted; a folder made for another one, or that lost files, is made again. `fill` verifies what it downloads.
 */
export async function cached(
  name: string,
  integrity: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheRoot(), name);
  if (await isComplete(folder, integrity)) return folder;
  await mkdir(cacheRoot(), { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    // Another process may have made it while this one waited.
    if (await isComplete(folder, integrity)) return folder;
    const draft = `${folder}.${String(process.pid)}.tmp`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    try {
      await fill(draft);
      const stamp: Stamp = { integrity, fileCount: await countFiles(draft) };
      await writeFile(join(draft, STAMP), JSON.stringify(stamp));
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } finally {
    await unlock();
  }
  return folder;
}

async function isComplete(folder: string, integrity: string): Promise<boolean> {
  let stamp: Stamp;
  try {
    stamp = JSON.parse(await readFile(join(folder, STAMP), 'utf8')) as Stamp;
  } catch {
    // No stamp, or one that cannot be read: not complete, so it is made again.
    return false;
  }
  return stamp.integrity === integrity && stamp.fileCount === (await countFiles(folder));
}

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== STAMP).length;
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) {
      await rm(path, { force: true });
      continue;
    }
    if (isFirst)
      process.stderr.write(`Waiting for process ${String(owner)}, which is installing the same thing …\n`);
    await delay(300);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

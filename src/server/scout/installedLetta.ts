import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { InstalledLetta } from '../../core/scout.ts';
import { nameOf, parsedObject } from './http.ts';

const MAX_AGENTS = 500;
const NAMES = 3;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Agents that a Letta Code of the person's own keeps on this computer, and the `letta` that can run them. */
export async function findInstalledLetta(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<InstalledLetta | null> {
  const backendDir = join(home, '.letta', 'lc-local-backend');
  const agentsDir = join(backendDir, 'agents');
  const files = await readdir(agentsDir).catch(() => []);
  const agents = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .slice(0, MAX_AGENTS)
      .map(async (file) => {
        const path = join(agentsDir, file);
        const known = await stat(path).catch(() => null);
        return known === null ? null : { path, changedAt: known.mtimeMs, sizeBytes: known.size };
      }),
  );
  const newest = agents.filter((agent) => agent !== null).toSorted((a, b) => b.changedAt - a.changedAt);
  if (newest.length === 0) return null;
  const names = await Promise.all(newest.slice(0, NAMES).map(agentName));
  return {
    backendDir,
    lettaPath: await findLetta(env),
    agentCount: newest.length,
    agentNames: names.filter((name) => name !== null),
  };
}

async function agentName(file: {
  readonly path: string;
  readonly sizeBytes: number;
}): Promise<string | null> {
  if (file.sizeBytes > MAX_FILE_BYTES) return null;
  return nameOf(parsedObject(await readFile(file.path, 'utf8').catch(() => ''))?.['name']);
}

async function findLetta(env: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const names = process.platform === 'win32' ? ['letta.cmd', 'letta.exe'] : ['letta'];
  const path = Object.entries(env).find(([key]) => key.toUpperCase() === 'PATH')?.[1] ?? '';
  for (const folder of path.split(delimiter)) {
    // A relative entry of PATH would mean another program in each folder.
    if (!/^(\/|[A-Za-z]:[\\/])/.test(folder)) continue;
    for (const name of names) {
      const file = join(folder, name);
      const canRun = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (canRun && (await stat(file)).isFile()) return file;
    }
  }
  return null;
}

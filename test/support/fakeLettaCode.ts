import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/paths.ts';

/** A `letta` as an installation puts it on PATH: starts the real Letta Code with the arguments given, and notes them. */
export async function installFakeLetta(folder: string): Promise<string> {
  const program = join(ROOT, 'dist', 'runtime', 'letta.js');
  const path = join(folder, 'letta');
  await mkdir(folder, { recursive: true });
  await writeFile(
    path,
    `#!/bin/sh\necho "$LETTA_LOCAL_BACKEND_DIR $@" >> '${folder}/calls'\nexec '${process.execPath}' '${program}' "$@"\n`,
  );
  await chmod(path, 0o755);
  return path;
}

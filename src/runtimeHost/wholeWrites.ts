import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

type WriteFile = (path: unknown, data: unknown, options?: unknown) => void;

/**
 * Letta Code writes its records in place: emptied, then filled. Killed in between it leaves an empty file, and never finds
 * the conversation again. In this process the JSON files of `folder` are written beside and then renamed: whole, or as
 * they were.
 */
export function writeWholeFiles(folder: string): void {
  // What it takes besides a path and data is handed on as it came.
  const module = fs as { writeFileSync: WriteFile };
  const original = module.writeFileSync;
  const inside = resolve(folder) + sep;
  module.writeFileSync = (path, data, options) => {
    if (typeof path !== 'string' || !path.endsWith('.json') || !resolve(path).startsWith(inside)) {
      original(path, data, options);
      return;
    }
    const draft = `${path}.${String(process.pid)}.tmp`;
    original(draft, data, options);
    fs.renameSync(draft, path);
  };
  syncBuiltinESMExports();
}

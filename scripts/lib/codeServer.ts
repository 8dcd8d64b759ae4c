import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { npm } from './processes.ts';

const VERSION = '4.139.1';
const INTEGRITY =
  'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==';

/**
 * The folder of a real VS Code from the npm package code-server: the same workbench, extension host and webviews in a
 * browser. Its native modules are left unbuilt (--ignore-scripts): terminals lack, the rest works, no compiler is needed.
 */
export async function ensureVsCode(): Promise<string> {
  // The number goes up when what is put into it changes.
  const folder = await cached(`code-server-${VERSION}-2`, INTEGRITY, async (draft) => {
    process.stderr.write(`Installing VS Code (npm package code-server ${VERSION}, about 600 MB on disk) …\n`);
    await writeFile(join(draft, 'package.json'), JSON.stringify({ name: 'vscode-for-letta', private: true }));
    await npm(['install', '--ignore-scripts', '--omit=dev', `code-server@${VERSION}`], draft);
    await verify(draft);
    await npm(['install', '--ignore-scripts', '--omit=dev'], vsCodeFolder(draft));
    // TypeScript, which the editor's language service needs.
    await npm(['install', '--ignore-scripts', '--omit=dev'], join(vsCodeFolder(draft), 'extensions'));
    const spdlog = join(vsCodeFolder(draft), 'node_modules', '@vscode', 'spdlog', 'index.js');
    await copyFile(join(import.meta.dirname, 'logWriter.cjs'), spdlog);
  });
  return vsCodeFolder(folder);
}

const vsCodeFolder = (folder: string): string => join(folder, 'node_modules', 'code-server', 'lib', 'vscode');

/** npm checks the tarball against what the registry says; this checks what the registry said against our pin. */
async function verify(draft: string): Promise<void> {
  const lockFile = JSON.parse(await readFile(join(draft, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string } | undefined>;
  };
  const found = lockFile.packages['node_modules/code-server']?.integrity;
  if (found !== INTEGRITY)
    throw new Error(
      `code-server ${VERSION}: the registry's checksum is ${found ?? 'absent'}, not ${INTEGRITY}`,
    );
}

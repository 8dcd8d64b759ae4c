import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cached } from './cache.ts';
import { ROOT } from './paths.ts';
import { npm, runOrThrow } from './processes.ts';

const RUNTIME_VERSION = '0.32.18';
const INTEGRITY =
  'sha512-PkpJewqQAQq5faHW4wIfmbKyIMCapiIVbsYhXs9CalB1oyUzV8Gg7+ZhhjK52PdSNgP20juc2KP2pQEPfmA6SQ==';

/** Of the package's files: what the server runs on. Left out are the terminal program and everything with native code. */
const CARRIED = ['letta.js', 'package.json', 'LICENSE', 'assets', 'skills'];
const IMAGE_WORKER = 'image-resize-worker.js';

/**
 * Lays Letta Code's server out as dist/runtime: the package's own files, `ws` (its only import from outside), and our
 * image worker in the place of its own, which needs native modules.
 */
export async function layOutRuntime(): Promise<void> {
  const source = await ensureRuntime();
  const target = join(ROOT, 'dist', 'runtime');
  await rm(target, { recursive: true, force: true });
  await mkdir(join(target, 'node_modules'), { recursive: true });
  for (const name of CARRIED) await cp(join(source, name), join(target, name), { recursive: true });
  await cp(join(ROOT, 'node_modules', 'ws'), join(target, 'node_modules', 'ws'), { recursive: true });
  await build({
    entryPoints: [await findImageWorker()],
    outfile: join(target, IMAGE_WORKER),
    bundle: true,
    platform: 'node',
    target: 'node20',
    // The runtime's package.json says "type": "module".
    format: 'esm',
    minify: true,
  });
}

async function ensureRuntime(): Promise<string> {
  const folder = await cached(`letta-code-${RUNTIME_VERSION}`, INTEGRITY, async (draft) => {
    process.stderr.write(`Fetching Letta Code ${RUNTIME_VERSION} …\n`);
    await npm(['pack', '--ignore-scripts', `@letta-ai/letta-code@${RUNTIME_VERSION}`], draft);
    const tarball = (await readdir(draft)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error(`npm pack left no tarball of Letta Code ${RUNTIME_VERSION}`);
    const path = join(draft, tarball);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(path))
      .digest('base64')}`;
    if (found !== INTEGRITY)
      throw new Error(`${tarball} has the checksum ${found}, not the pinned ${INTEGRITY}`);
    await runOrThrow('tar', ['-xzf', tarball], { cwd: draft });
    await rm(path);
  });
  return join(folder, 'package');
}

/** Written by us (src/), named after what it replaces. */
async function findImageWorker(): Promise<string> {
  const files = await readdir(join(ROOT, 'src'), { recursive: true });
  const found = files.find((name) => /(^|[\\/])image-?resize-?worker\.m?[jt]s$/i.test(name));
  if (found === undefined)
    throw new Error('src/ holds no imageResizeWorker.ts: the runtime cannot read images without it');
  return join(ROOT, 'src', found);
}

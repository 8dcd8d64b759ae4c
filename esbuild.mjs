import { build } from 'esbuild';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lazyModules } from './scripts/lib/lazyModules.ts';

/** Builds dist/: the extension host's bundle, the detached processes, the webview. `--watch` is not needed: it takes under a second. */
const isProduction = process.argv.includes('--production');
const common = {
  bundle: true,
  minify: isProduction,
  sourcemap: !isProduction,
  logLevel: 'warning',
  legalComments: 'none',
  metafile: true,
};
const node = {
  ...common,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode', 'bufferutil', 'utf-8-validate'],
};

await mkdir('dist', { recursive: true });
// dist/runtime is laid out by scripts/build.ts, and takes longer than the bundles.
for (const name of await readdir('dist'))
  if (name !== 'runtime') await rm(join('dist', name), { recursive: true, force: true });
const builds = Promise.all([
  build({ ...node, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.cjs' }),
  build({
    ...node,
    entryPoints: ['src/brokerMain.ts'],
    outfile: 'dist/broker.cjs',
    plugins: [lazyModules],
  }),
  build({ ...node, entryPoints: ['src/demo/main.ts'], outfile: 'dist/demoModel.cjs' }),
  build({
    ...common,
    platform: 'browser',
    target: 'chrome128',
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryPoints: ['webview/main.tsx'],
    outdir: 'dist/webview',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
  }),
]);

try {
  const results = await builds;
  // What each bundle is made of: read by scripts/notices.ts, and by whoever wonders where the bytes come from.
  await mkdir('out', { recursive: true });
  await writeFile('out/bundles.json', JSON.stringify(results.map(({ metafile }) => metafile)));
} catch (error) {
  // esbuild has printed each of its errors with its place; a stack of its own adds nothing.
  if (error.errors === undefined) throw error;
  process.exitCode = 1;
}

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from './paths.ts';

export const NOTICES = join(ROOT, 'THIRD_PARTY_NOTICES.md');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly homepage?: string;
}

/** What the packaged extension carries of others, with their licences: read from the bundles' own list of inputs. */
export async function makeNotices(): Promise<string> {
  const bundles = JSON.parse(
    await readFile(join(ROOT, 'out', 'bundles.json'), 'utf8'),
  ) as readonly Metafile[];
  const folders = new Set([join('node_modules', 'ws')]);
  // Only what left code in an output: an input that was dropped is not carried.
  for (const output of bundles.flatMap((bundle) => Object.values(bundle.outputs)))
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const folder = /^(?:.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  const packages = await Promise.all([...folders].sort().map(describe));
  return `${HEAD}${await runtimeNotice()}${packages.join('')}`;
}

const HEAD = `# Third-party notices

Letta for VS Code is licensed under the Apache License 2.0 (see LICENSE). Its package carries the following works of
others. This file is made by \`npm run notices\`.

`;

async function runtimeNotice(): Promise<string> {
  const folder = join(ROOT, 'dist', 'runtime');
  const manifest = await readManifest(folder);
  const licence = await readFile(join(folder, 'LICENSE'), 'utf8');
  return `## ${manifest.name} ${manifest.version}

Carried in \`dist/runtime\` so that Letta runs on this computer without a download. Changes to the published package:

- \`image-resize-worker.js\` is replaced by a file of this project that passes images on unchanged;
- of its dependencies only \`ws\` is carried; \`node-pty\`, \`sharp\`, \`ripgrep\` and the others are left out;
- \`vendor/\`, \`docs/\`, \`scripts/\`, \`dist/\` and \`README.md\` are left out;
- all other files are as published.

The names and logos of Letta are not covered by that licence (see its end) and are used here only to name the product.

${fenced(licence)}`;
}

async function describe(folder: string): Promise<string> {
  const path = join(ROOT, folder);
  const manifest = await readManifest(path);
  const names = (await readdir(path)).filter((name) => /^(licen[cs]e|copying)([.-]|$)/i.test(name)).sort();
  if (names.length === 0)
    throw new Error(`${folder} has no licence file: name its licence by hand in scripts/lib/notices.ts`);
  const texts = await Promise.all(
    names.map(async (name) => fenced(await readFile(join(path, name), 'utf8'))),
  );
  return `## ${manifest.name} ${manifest.version}\n\nLicence: ${manifest.license ?? 'see below'}\n\n${texts.join('')}`;
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

const fenced = (text: string): string =>
  `\`\`\`\`text\n${text.trim().replaceAll('\r\n', '\n')}\n\`\`\`\`\n\n`;

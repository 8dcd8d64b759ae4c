import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { makeNotices, NOTICES } from './notices.ts';
import { ROOT, VSIX } from './paths.ts';
import { runOrThrow } from './processes.ts';
import { readZipEntries, type ZipEntry } from './zip.ts';

const FILE_LIST = join(ROOT, 'test', 'fixtures', 'vsix-files.txt');
const STAMP = join(ROOT, 'out', 'vsix.stamp');
const RUNTIME = 'extension/dist/runtime/';
/** What of the repository goes into the .vsix, or decides how it is made. */
const SOURCES = ['src', 'webview', 'media', 'scripts/lib'];

const MB = 1_000_000;
const OWN_BUDGET_BYTES = 1.5 * MB;
const WHOLE_BUDGET_BYTES = 9 * MB;

/** Builds and packs the extension; throws when a file is too many, missing, or a budget is exceeded. Says the sizes. */
export async function packageVsix(): Promise<string> {
  await runOrThrow(process.execPath, [join(ROOT, 'scripts', 'build.ts'), '--production'], { cwd: ROOT });
  if ((await readFile(NOTICES, 'utf8').catch(() => '')) !== (await makeNotices()))
    throw new Error('THIRD_PARTY_NOTICES.md does not name what is carried now: run `npm run notices`.');
  const vsce = join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
  const args = ['package', '--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository'];
  await runOrThrow(process.execPath, [vsce, ...args, '--out', VSIX], { cwd: ROOT });
  const sizes = await checkVsix();
  await mkdir(join(ROOT, 'out'), { recursive: true });
  await writeFile(STAMP, await sourceHash());
  return sizes;
}

/** Packs again only when something that goes into the .vsix changed. */
export async function ensureVsix(onPackage: () => void): Promise<string> {
  const stamp = existsSync(STAMP) && existsSync(VSIX) ? await readFile(STAMP, 'utf8') : '';
  if (stamp !== (await sourceHash())) {
    onPackage();
    await packageVsix();
  }
  return VSIX;
}

export async function checkVsix(): Promise<string> {
  const entries = await readZipEntries(VSIX);
  const patterns = (await readFile(FILE_LIST, 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const problems = [
    ...listProblems(
      entries.map(({ name }) => name),
      patterns,
    ),
    ...(await sizeProblems(entries)),
  ];
  if (problems.length > 0) throw new Error(`${VSIX}:\n${problems.join('\n')}`);
  return `${VSIX}: ${megabytes((await stat(VSIX)).size)} MB in ${String(entries.length)} files, our own part ${megabytes(ownBytes(entries))} MB`;
}

/** Every file must be meant by a pattern, and every pattern must still mean a file. */
export function listProblems(names: readonly string[], patterns: readonly string[]): readonly string[] {
  const unmeant = names.filter((name) => !patterns.some((pattern) => matchesGlob(name, pattern)));
  const unmet = patterns.filter((pattern) => !names.some((name) => matchesGlob(name, pattern)));
  return [
    ...unmeant.map((name) => `not in the file list: ${name}`),
    ...unmet.map((pattern) => `in the file list, not in the package: ${pattern}`),
  ];
}

async function sizeProblems(entries: readonly ZipEntry[]): Promise<readonly string[]> {
  const own = ownBytes(entries);
  const whole = (await stat(VSIX)).size;
  return [
    ...(own > OWN_BUDGET_BYTES ? [`our own part is ${megabytes(own)} MB, the budget 1.5 MB`] : []),
    ...(whole > WHOLE_BUDGET_BYTES ? [`the whole is ${megabytes(whole)} MB, the budget 9 MB`] : []),
  ];
}

const ownBytes = (entries: readonly ZipEntry[]): number =>
  entries
    .filter(({ name }) => !name.startsWith(RUNTIME))
    .reduce((sum, entry) => sum + entry.compressedBytes, 0);

const megabytes = (bytes: number): string => (bytes / MB).toFixed(2);

async function sourceHash(): Promise<string> {
  const top = await readdir(ROOT, { withFileTypes: true });
  const below = await Promise.all(
    SOURCES.map(async (path) => await readdir(join(ROOT, path), { recursive: true, withFileTypes: true })),
  );
  const files = [...top, ...below.flat()].filter((entry) => entry.isFile() && !entry.name.endsWith('.vsix'));
  const hash = createHash('sha256');
  for (const path of [FILE_LIST, ...files.map((entry) => join(entry.parentPath, entry.name))].sort()) {
    hash.update(path);
    hash.update(await readFile(path));
  }
  return hash.digest('hex');
}

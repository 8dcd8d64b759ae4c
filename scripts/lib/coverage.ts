import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { transform } from 'esbuild';
import { ROOT } from './paths.ts';
import type { TestRecord } from './testRecords.ts';

const COVERED = ['src/core', 'src/shared'];
const MIN_LINES_PERCENT = 90;
const OUTPUT = join(ROOT, 'coverage');

interface FileCoverage {
  readonly lines: { readonly total: number; readonly covered: number; readonly pct: number };
}

/** c8 in front of a command: every file of the covered folders counts, loaded by a test or not. */
export async function coverageCommand(): Promise<readonly string[]> {
  const excluded = (await filesOfTypesOnly()).flatMap((file) => ['--exclude', file]);
  return [
    join(ROOT, 'node_modules', 'c8', 'bin', 'c8.js'),
    '--all',
    ...COVERED.flatMap((folder) => ['--include', `${folder}/**`]),
    ...excluded,
    ...[
      '--reporter',
      'json-summary',
      '--reporter',
      'html',
      '--reports-dir',
      OUTPUT,
      '--exclude-after-remap',
      'false',
    ],
  ];
}

/** One test: the lines of core and shared are covered as far as the project promises. */
export async function coverageRecord(onLine: (line: string) => void): Promise<TestRecord> {
  const path = join(OUTPUT, 'coverage-summary.json');
  const summary = JSON.parse(await readFile(path, 'utf8')) as Record<string, FileCoverage>;
  const percent = summary['total']?.lines.pct ?? 0;
  const title = `at least ${String(MIN_LINES_PERCENT)} % of the lines of ${COVERED.join(' and ')} are run by tests`;
  onLine(`  ${String(percent)} % of the lines of ${COVERED.join(' and ')}`);
  if (percent >= MIN_LINES_PERCENT) return { state: 'passed', title, ms: 0 };
  const worst = Object.entries(summary)
    .filter(([name]) => name !== 'total')
    .map(([name, { lines }]) => ({ name: relative(ROOT, name), missing: lines.total - lines.covered }))
    .sort((a, b) => b.missing - a.missing)
    .slice(0, 10);
  onLine(`  FAILED ${title}. Most lines not run:`);
  for (const { name, missing } of worst) onLine(`    ${String(missing).padStart(5)}  ${name}`);
  return { state: 'failed', title, ms: 0 };
}

/** Erased whole when it is compiled, such a file is never loaded and would count as not covered. */
async function filesOfTypesOnly(): Promise<readonly string[]> {
  const files = await Promise.all(
    COVERED.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true }))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    ),
  );
  const isEmpty = await Promise.all(
    files.flat().map(async (file) => {
      const source = await readFile(join(ROOT, file), 'utf8');
      return (await transform(source, { loader: 'ts' })).code.trim() === '';
    }),
  );
  return files.flat().filter((_file, index) => isEmpty[index] === true);
}

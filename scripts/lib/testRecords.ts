import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './paths.ts';

export interface TestRecord {
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly title: string;
  readonly ms: number;
}

/** What the reporter wrote. A run that did not come to its end is a failure, whatever passed before. */
export async function readRecords(path: string, phase: string, code: number): Promise<readonly TestRecord[]> {
  const text = existsSync(path) ? await readFile(path, 'utf8') : '';
  const entries = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestRecord | { readonly state: 'ended' });
  const records = entries.filter((entry) => entry.state !== 'ended');
  const hasEnded = entries.some((entry) => entry.state === 'ended');
  const hasFailed = records.some(({ state }) => state === 'failed');
  if (hasEnded && (code === 0 || hasFailed)) return records;
  const title = hasEnded
    ? `${phase} ended with code ${String(code)}`
    : `${phase} broke off (code ${String(code)})`;
  return [...records, { state: 'failed', title, ms: 0 }];
}

/** The test files of a folder below test/, absolute. */
export async function testFiles(folder: string): Promise<readonly string[]> {
  const path = join(ROOT, 'test', folder);
  if (!existsSync(path)) throw new Error(`the folder test/${folder} is missing`);
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(path, name));
}

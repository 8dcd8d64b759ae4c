import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { coverageRecord, coverageCommand } from './coverage.ts';
import { LOGS, ROOT } from './paths.ts';
import { run } from './processes.ts';
import { readRecords, testFiles, type TestRecord } from './testRecords.ts';

const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = join(ROOT, 'scripts', 'lib', 'mochaReporter.cjs');
const PHASE_TIMEOUT_MS = 12 * 60_000;

export interface MochaOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Per test. */
  readonly timeoutMs?: number;
  readonly isCovered?: boolean;
}

/** Runs the tests of one folder in a process of their own. */
export async function mochaPhase(
  folder: string,
  onLine: (line: string) => void,
  options: MochaOptions = {},
): Promise<readonly TestRecord[]> {
  const files = await testFiles(folder);
  if (files.length === 0) {
    onLine('no tests yet');
    return [];
  }
  const report = join(LOGS, `${folder}.jsonl`);
  await mkdir(LOGS, { recursive: true });
  await rm(report, { force: true });
  const names = files.map((file) => relative(ROOT, file));
  const mocha = [
    MOCHA,
    '--ui',
    'tdd',
    '--reporter',
    REPORTER,
    '--timeout',
    String(options.timeoutMs ?? 10_000),
    ...names,
  ];
  const args =
    options.isCovered === true ? [...(await coverageCommand()), process.execPath, ...mocha] : mocha;
  const { code } = await run(process.execPath, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      ...options.env,
      LETTA_TEST_REPORT: report,
      LETTA_TEST_MUST_EXIT: '1',
      FORCE_COLOR: '0',
    },
    timeout: PHASE_TIMEOUT_MS,
    onOutput: byLine(onLine),
  });
  const records = await readRecords(report, folder, code);
  return options.isCovered === true ? [...records, await coverageRecord(onLine)] : records;
}

/** Chunks to whole lines. */
export function byLine(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { MatrixCell, PHASES, type CellResult, type Phase } from '../support/matrixCell.ts';
import { FAULTS, MatrixColumn, type Fault } from '../support/matrixColumn.ts';

/** RELIABILITY 3.3: every fault in every phase, and the nothing-lost oracle N1–N7 after each. */

/** So many runtimes at a time. */
const LANES = 7;
/** A runtime that is killed while it writes a conversation leaves an empty file (known upstream). */
const BROKEN_FILE = /not found/i;

const phases = (process.env['MATRIX_PHASES']?.split(',') ?? Object.keys(PHASES)) as Phase[]; // its own keys
const faults = (process.env['MATRIX_FAULTS']?.split(',') ?? Object.keys(FAULTS)) as Fault[]; // its own keys

suite('every fault in every phase of a turn', function () {
  this.timeout(240_000);

  test('nothing is lost, doubled, invented or stuck', async () => {
    const startedAt = performance.now();
    const results = new Map<string, CellResult>();
    const retries: string[] = [];
    const seconds: string[] = [];
    const waiting = [...faults];
    const lane = async (): Promise<void> => {
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        const from = performance.now();
        const column = await MatrixColumn.create(fault);
        for (const phase of phases) {
          let result = await run(column, phase);
          if (result.faults.some((text) => BROKEN_FILE.test(text)) && fault.startsWith('kill')) {
            retries.push(`${fault} ${phase}: ${result.faults.join('; ').slice(0, 200)}`);
            result = await run(column, phase);
          }
          results.set(`${fault} ${phase}`, result);
        }
        await column.dispose();
        seconds.push(`${fault} ${((performance.now() - from) / 1000).toFixed(0)} s`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    console.log(seconds.join(', '));
    print(results, retries, performance.now() - startedAt);
    const wrong = [...results].filter(([, { faults: found }]) => found.length > 0);
    const words = wrong.map(([name, { faults: found }]) => `${name}:\n  ${found.join('\n  ')}`);
    assert.equal(words.length, 0, `${String(words.length)} cells\n${words.join('\n\n')}`);
  });
});

async function run(column: MatrixColumn, phase: Phase): Promise<CellResult> {
  try {
    return await new MatrixCell(column, phase).run();
  } catch (error) {
    return {
      fate: '-',
      outcome: '-',
      faults: [error instanceof Error ? String(error.stack) : String(error)],
    };
  }
}

/** `kept+completed`: the message is in the history, and its turn ended well. */
function print(results: ReadonlyMap<string, CellResult>, retries: readonly string[], ms: number): void {
  const width = 21;
  const cells = (phase: Phase): string =>
    faults
      .map((fault) => {
        const result = results.get(`${fault} ${phase}`);
        const text = result === undefined ? 'none' : `${result.fate}+${result.outcome}`;
        return (result?.faults.length === 0 ? text : `FAIL ${text}`).padEnd(width);
      })
      .join('');
  const lines = phases.map((phase) => `${phase} ${PHASES[phase]}`.padEnd(22) + cells(phase));
  const good = [...results.values()].filter((result) => result.faults.length === 0).length;
  console.log(
    [
      ''.padEnd(22) + faults.map((fault) => fault.padEnd(width)).join(''),
      ...lines,
      `${String(good)} of ${String(results.size)} cells hold N1–N7 (N3 is of host files), ${(ms / 1000).toFixed(0)} s, ` +
        `${String(retries.length)} tried again: ${retries.join(' | ')}`,
    ].join('\n'),
  );
}

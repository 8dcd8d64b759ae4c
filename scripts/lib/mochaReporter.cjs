const { appendFileSync } = require('node:fs');

const KEPT_ALIVE_MS = 5000;

/**
 * Prints a line for each test as it ends, and failures in full; with LETTA_TEST_REPORT set, writes what it counted
 * there, one JSON object a line, for scripts/test.ts. The last one says that the run came to its end.
 */
module.exports = class LettaReporter {
  constructor(runner) {
    const record = (entry) => {
      const path = process.env.LETTA_TEST_REPORT;
      if (path !== undefined) appendFileSync(path, `${JSON.stringify(entry)}\n`);
    };
    runner.on('pass', (test) => {
      console.log(`  ok ${test.fullTitle()}${test.speed === 'fast' ? '' : ` (${test.duration} ms)`}`);
      record({ state: 'passed', title: test.fullTitle(), ms: test.duration ?? 0 });
    });
    runner.on('pending', (test) => {
      console.log(`  -- skipped: ${test.fullTitle()}`);
      record({ state: 'skipped', title: test.fullTitle(), ms: 0 });
    });
    // Also called for hooks: a suite that could not be set up is a failure.
    runner.on('fail', (test, error) => {
      console.log(`  FAILED ${test.fullTitle()}\n${describe(error)}`);
      record({ state: 'failed', title: test.fullTitle(), ms: test.duration ?? 0 });
    });
    runner.once('end', () => {
      record({ state: 'ended' });
      if (process.env.LETTA_TEST_MUST_EXIT !== undefined) endIfKeptAlive(record);
    });
  }
};

/** Something left open would hang the run: it is named and counts as a failure. An unreferenced timer keeps nothing alive. */
function endIfKeptAlive(record) {
  const timer = setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ');
    console.log(`  FAILED the tests are through, but the process is kept alive by: ${left}`);
    record({ state: 'failed', title: `nothing is left open after the last test (${left})`, ms: 0 });
    process.exit(1);
  }, KEPT_ALIVE_MS);
  timer.unref();
}

function describe(error) {
  const text = error?.stack ?? error?.message ?? String(error);
  const values =
    error?.actual !== undefined && error?.expected !== undefined && error?.generatedMessage !== true
      ? `\nactual:   ${JSON.stringify(error.actual)?.slice(0, 2000)}\nexpected: ${JSON.stringify(error.expected)?.slice(0, 2000)}`
      : '';
  const cause = error?.cause === undefined ? '' : `\ncaused by: ${describe(error.cause)}`;
  return `${text}${values}${cause}`.replaceAll(/^/gm, '    ');
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './lib/chromium.ts';
import { runIntegration } from './lib/integration.ts';
import { byLine, mochaPhase } from './lib/mochaPhase.ts';
import { ROOT } from './lib/paths.ts';
import { run } from './lib/processes.ts';
import type { TestRecord } from './lib/testRecords.ts';
import { ensureVsix, packageVsix } from './lib/vsix.ts';

type Say = (line: string) => void;

interface Phase {
  readonly name: string;
  run(say: Say): Promise<readonly TestRecord[]>;
}

interface Finished {
  readonly name: string;
  readonly ms: number;
  readonly records: readonly TestRecord[];
}

/** A tool whose exit code is the result counts as one test. */
function tool(name: string, commands: readonly (readonly string[])[]): Phase {
  return {
    name,
    run: async (say) => {
      for (const [script = '', ...args] of commands) {
        const path = join(ROOT, script);
        const { code } = await run(process.execPath, [path, ...args], { cwd: ROOT, onOutput: byLine(say) });
        if (code !== 0) return [{ state: 'failed', title: `${name}: ${[script, ...args].join(' ')}`, ms: 0 }];
      }
      return [{ state: 'passed', title: name, ms: 0 }];
    },
  };
}

const TSC = 'node_modules/typescript/bin/tsc';
const build = tool('build', [['scripts/build.ts']]);
const runtime: Phase = { name: 'runtime', run: (say) => mochaPhase('runtime', say, { timeoutMs: 60_000 }) };
const webview: Phase = {
  name: 'webview',
  run: async (say) => {
    const env = { LETTA_TEST_CHROMIUM: await ensureChromium() };
    return await mochaPhase('webview', say, { timeoutMs: 30_000, env });
  },
};

let packaging: Promise<string> | null = null;

/** In the packaged extension, in a real VS Code. Each suite has its own. */
function endToEnd(name: string): Phase {
  return {
    name,
    run: async (say) => {
      packaging ??= ensureVsix(() => {
        say('packaging first');
      });
      await packaging;
      const env = { LETTA_TEST_CHROMIUM: await ensureChromium() };
      return await mochaPhase(name, say, { timeoutMs: 120_000, env });
    },
  };
}

/** In order; what stands in one group shares no resource and runs side by side. */
const GROUPS: readonly (readonly Phase[])[] = [
  [tool('format', [['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']])],
  [tool('lint', [['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']])],
  [
    tool(
      'types',
      ['.', 'webview', 'test'].map((folder) => [TSC, '-p', join(folder, 'tsconfig.json')]),
    ),
  ],
  [{ name: 'unit', run: (say) => mochaPhase('unit', say, { isCovered: true }) }],
  [build],
  [webview, runtime],
  [
    {
      name: 'package',
      run: async (say) => {
        say(await packageVsix());
        return [{ state: 'passed', title: 'package', ms: 0 }];
      },
    },
  ],
  [
    {
      name: 'integration',
      run: async (say) => {
        // Alone, after a change: what is tested must be what stands in src/.
        if (wanted.size > 0 || !existsSync(join(ROOT, 'dist', 'extension.cjs'))) await build.run(say);
        return await runIntegration(say);
      },
    },
  ],
  [endToEnd('e2e'), endToEnd('journeys')],
  // Measures time: nothing beside it.
  [endToEnd('speed')],
];

const wanted = new Set(process.argv.slice(2));
const names = GROUPS.flat().map(({ name }) => name);
const unknown = [...wanted].filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no phase ${unknown.join(', ')}: ${names.join(', ')}.`);
  process.exit(2);
}

const finished: Finished[] = [];
for (const group of GROUPS) {
  const chosen = group.filter(({ name }) => wanted.size === 0 || wanted.has(name));
  finished.push(...(await Promise.all(chosen.map((phase) => runPhase(phase, chosen.length > 1)))));
}
summarise();

async function runPhase(phase: Phase, isSideBySide: boolean): Promise<Finished> {
  const began = performance.now();
  console.log(`\n== ${phase.name}`);
  const prefix = isSideBySide ? `${phase.name.padEnd(9)}|` : '';
  const say: Say = (line) => {
    console.log(prefix + line);
  };
  let records: readonly TestRecord[];
  try {
    records = await phase.run(say);
  } catch (error) {
    say(`FAILED ${phase.name}: ${error instanceof Error ? error.message : String(error)}`);
    records = [{ state: 'failed', title: `${phase.name} could not be run`, ms: 0 }];
  }
  const ms = performance.now() - began;
  console.log(`== ${phase.name}: ${counts(records)} in ${seconds(ms)}`);
  return { name: phase.name, ms, records };
}

function summarise(): void {
  const all = finished.flatMap(({ name, records }) => records.map((record) => ({ ...record, phase: name })));
  console.log(`\nPhases: ${finished.map(({ name, ms }) => `${name} ${seconds(ms)}`).join(', ')}`);
  const slowest = all.toSorted((a, b) => b.ms - a.ms).filter(({ ms }) => ms >= 100);
  if (slowest.length > 0) console.log('Slowest tests:');
  for (const { phase, title, ms } of slowest.slice(0, 10))
    console.log(`  ${seconds(ms).padStart(7)}  ${phase}: ${title}`);
  for (const state of ['skipped', 'failed'] as const) {
    const some = all.filter((record) => record.state === state);
    if (some.length > 0) console.log(state === 'failed' ? 'Failed:' : 'Skipped:');
    for (const { phase, title } of some) console.log(`  ${phase}: ${title}`);
  }
  console.log(counts(all));
  // Nothing run is no success.
  process.exitCode = all.some(({ state }) => state === 'failed') || all.length === 0 ? 1 : 0;
}

function counts(records: readonly TestRecord[]): string {
  const count = (state: TestRecord['state']): number =>
    records.filter((record) => record.state === state).length;
  const skipped = count('skipped');
  const base = `${String(count('passed'))} passed, ${String(count('failed'))} failed`;
  return skipped === 0 ? base : `${base}, ${String(skipped)} skipped`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

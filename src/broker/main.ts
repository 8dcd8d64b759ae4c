import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from './broker.ts';
import { becomeLettaCode } from './runtimeMode.ts';
import { EXIT_LOCK_HELD } from './wire.ts';

/**
 * `broker.cjs --state-dir DIR --version V --grace-ms N [--letta PATH --backend-dir DIR]`: the broker (see otherLetta).
 * `broker.cjs --runtime LETTA_JS ARGS…`: the process under it (see runtimeMode).
 */
const [, program = '', mode, lettaPath, ...rest] = process.argv;

if (mode === '--runtime' && lettaPath !== undefined) {
  void becomeLettaCode(lettaPath, rest);
} else {
  void serve();
}

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'state-dir': { type: 'string' },
      version: { type: 'string' },
      'grace-ms': { type: 'string' },
      letta: { type: 'string' },
      'backend-dir': { type: 'string' },
    },
  });
  const { 'state-dir': stateDir, version, 'grace-ms': graceMs } = values;
  if (stateDir === undefined || version === undefined || !(Number(graceMs) > 0)) {
    throw new Error('Needs --state-dir, --version and --grace-ms.');
  }
  const broker = new Broker({ stateDir, programDir: dirname(program), version, graceMs: Number(graceMs) });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void broker.end(signal));
  if (!(await broker.start())) process.exit(EXIT_LOCK_HELD);
}

import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { BoundedLog } from './runtimeHost/boundedLog.ts';
import { LocalHost } from './runtimeHost/localHost.ts';
import { RemoteHost } from './runtimeHost/remoteHost.ts';
import { becomeLettaCode } from './runtimeHost/runtimeMode.ts';
import { useVersion } from './runtimeHost/versions.ts';
import { EXIT_LOCK_HELD } from './shared/wire.ts';
import { Broker } from './broker/broker.ts';

/**
 * `broker.cjs --state-dir DIR --version V --grace-ms N --approval-grace-ms N`: the broker of Letta on this computer, with
 * `--letta PATH` and `--backend-dir DIR` that of an installed one; with `--remote` that of a server elsewhere.
 * `broker.cjs --runtime LETTA_JS ARGS…`: the process under it (see runtimeMode).
 */
const [, program = '', mode, lettaPath, ...rest] = process.argv;

if (mode === '--runtime' && lettaPath !== undefined) {
  void becomeLettaCode(lettaPath, rest);
} else {
  void serve();
}

async function serve(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      'state-dir': text,
      version: text,
      'grace-ms': text,
      'approval-grace-ms': text,
      letta: text,
      'backend-dir': text,
      remote: { type: 'boolean' },
    },
  });
  const { 'state-dir': stateDir, version, letta, 'backend-dir': backendDir } = values;
  const graceMs = Number(values['grace-ms']);
  const approvalGraceMs = Number(values['approval-grace-ms']);
  if (stateDir === undefined || version === undefined || !(graceMs > 0) || !(approvalGraceMs > 0)) {
    throw new Error('Needs --state-dir, --version, --grace-ms and --approval-grace-ms.');
  }
  const programDir = dirname(program);
  const other = letta === undefined || backendDir === undefined ? null : { path: letta, backendDir };
  const place = { stateDir, programDir, other };
  const log = new BoundedLog(join(stateDir, 'logs', 'runtime.log'));
  useVersion(programDir);
  const broker = new Broker({ stateDir, version, graceMs, approvalGraceMs, log }, (events) =>
    values.remote === true ? new RemoteHost(log, events) : new LocalHost(place, log, events),
  );
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void broker.end(signal));
  if (!(await broker.start())) process.exit(EXIT_LOCK_HELD);
}

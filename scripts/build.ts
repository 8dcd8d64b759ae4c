import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleIntegration } from './lib/integration.ts';
import { ROOT } from './lib/paths.ts';
import { run } from './lib/processes.ts';
import { layOutRuntime } from './lib/runtimePackage.ts';

/** npm run build [-- --production] [-- --tests]: dist/ with the bundles and the runtime; out/test/ with the integration tests. */
const { values } = parseArgs({
  options: { production: { type: 'boolean', default: false }, tests: { type: 'boolean', default: false } },
});
const { code } = await run(
  process.execPath,
  [join(ROOT, 'esbuild.mjs'), ...(values.production ? ['--production'] : [])],
  { cwd: ROOT, stdio: 'inherit' },
);
if (code !== 0) process.exit(code);
await layOutRuntime();
if (values.tests) await bundleIntegration();

import { runUnderProjectNode } from './lib/bootstrap.mjs';

// `node scripts/run.mjs NAME …` runs scripts/NAME.ts: the one entry that works on any Node from 20 on, with nothing installed.
const [name, ...args] = process.argv.slice(2);
process.exitCode = await runUnderProjectNode(name ?? '', args);

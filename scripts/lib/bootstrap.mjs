import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// No package may be imported here: this file runs before `npm ci`, on whatever Node the machine has.

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MIN_NODE = [22, 18];
const WANTED_NODE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** Installs what is missing, then runs scripts/NAME.ts under a Node that strips types. Resolves to its exit code. */
export async function runUnderProjectNode(name, args) {
  const script = join(ROOT, 'scripts', `${name}.ts`);
  if (!/^[a-zA-Z]+$/.test(name) || !existsSync(script)) {
    process.stderr.write(`There is no scripts/${name}.ts.\n`);
    return 2;
  }
  const problem = installIfNeeded();
  if (problem !== '') {
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  const node = findNode();
  if (node === null) {
    process.stderr.write(
      `Node ${MIN_NODE.join('.')} or newer is needed to run the scripts. The npm package ${WANTED_NODE} was not installed ` +
        `(is it in package.json's optionalDependencies?) and the system's Node is ${process.version}. Install Node 24.\n`,
    );
    return 1;
  }
  return await respawn(node, script, args);
}

/** '' when all is there; else what went wrong. */
function installIfNeeded() {
  const difference = firstDifference();
  if (difference === null) return '';
  process.stderr.write(`Installing packages (${difference}) …\n`);
  const [command, args] = npmCommand(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  // Standard output stays the script's own: `npm start -- --once` and `npm run replay` print there what they were asked for.
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm.cmd',
  });
  if (result.error !== undefined) return `npm could not be started: ${result.error.message}`;
  if (result.status !== 0)
    return `npm ci ended with code ${result.status ?? result.signal}; its message is above.`;
  return '';
}

/**
 * What node_modules lacks of package-lock.json, or null. npm keeps its own record of what it installed; comparing with
 * that, instead of a stamp of ours, leaves a tree alone that a person installed by hand.
 */
function firstDifference() {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'none are installed yet';
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    // Optional ones are left out where the platform differs; npm decided that.
    if (path === '' || entry.optional === true || entry.devOptional === true) continue;
    if (present[path]?.version !== entry.version) return `${path.replace(/^node_modules\//, '')} changed`;
  }
  return null;
}

/** Inside `npm start` npm names itself; that one, and not another npm that may stand first on PATH. */
function npmCommand(args) {
  const own = process.env['npm_execpath'];
  if (own !== undefined && /\.c?js$/.test(own)) return [process.execPath, [own, ...args]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', args];
}

function findNode() {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const carried = join(ROOT, 'node_modules', WANTED_NODE, 'bin', binary);
  if (existsSync(carried)) return carried;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return isNewEnough ? process.execPath : null;
}

function respawn(node, script, args) {
  const child = spawn(node, [script, ...args], { cwd: ROOT, stdio: 'inherit' });
  // Ctrl+C reaches the whole foreground group; a signal sent to this process alone is passed on.
  const ignore = () => undefined;
  const pass = (signal) => child.kill(signal);
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${node} could not be started: ${error.message}\n`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? code : 1);
    });
  });
}

import childProcess from 'node:child_process';
import { enableCompileCache, syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRecord } from '../shared/json.ts';
import { writeWholeFiles } from './wholeWrites.ts';

const FLAG = 'ELECTRON_RUN_AS_NODE';

/**
 * Turns this process into Letta Code. It is started through us and not directly because of three things: under VS Code's
 * Electron the flag that makes it Node must not reach the tools (`code .` would break), only children that are this same
 * program; it must end with the broker, which its own look at the parent's pid misses where a subreaper adopts it; and a
 * kill must not leave a record half written (wholeWrites).
 */
export async function becomeLettaCode(lettaPath: string, args: readonly string[]): Promise<void> {
  if (process.env[FLAG] !== undefined) keepFlagFromTools();
  const backendDir = process.env['LETTA_LOCAL_BACKEND_DIR'];
  if (backendDir !== undefined) writeWholeFiles(backendDir);
  // Compiling 35 MB anew takes half of each start. Not by environment variable, which tools would inherit. Beside this
  // program, because an installed Letta Code is the person's.
  enableCompileCache(join(dirname(process.argv[1] ?? ''), 'compile-cache'));
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.argv = [process.execPath, lettaPath, ...args];
  await import(pathToFileURL(lettaPath).href);
}

type Spawn = (command: string, ...rest: readonly unknown[]) => unknown;

function keepFlagFromTools(): void {
  Reflect.deleteProperty(process.env, FLAG);
  // Its overloads all take a command first; what may follow is looked at below.
  const module = childProcess as { spawn: Spawn };
  const original = module.spawn;
  module.spawn = (command, ...rest) => {
    if (command !== process.execPath) return original(command, ...rest);
    const args: unknown = Array.isArray(rest[0]) ? rest[0] : [];
    const options: unknown = Array.isArray(rest[0]) ? rest[1] : rest[0];
    const given = isRecord(options) ? options : {};
    const env = isRecord(given['env']) ? given['env'] : process.env;
    return original(command, args, { ...given, env: { ...env, [FLAG]: '1' } });
  };
  syncBuiltinESMExports();
}

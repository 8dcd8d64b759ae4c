import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { KEY_VARIABLES } from '../shared/providerKeys.ts';

export interface RuntimePlace {
  readonly stateDir: string;
  /** The letta.js that came with the extension. */
  readonly lettaPath: string;
  /** Run in its place. */
  readonly other: OtherLetta | null;
}

/** A Letta Code of the person's own. */
export interface OtherLetta {
  /** Its program: what `letta` on PATH leads to. */
  readonly path: string;
  /** Where it keeps its agents. */
  readonly backendDir: string;
}

/**
 * The environment of Letta Code. `inherited` is a person's own (without VS Code's variables); what differs: no
 * telemetry, no update, no download, a backend folder of ours, and a `node` for the hooks of its memory repository
 * where the person has none (so it stands last on PATH). Keys of model providers are taken out: Letta Code would use each
 * one it finds, and a person says yes to that first.
 */
export function runtimeEnvironment(
  { stateDir, lettaPath }: Pick<RuntimePlace, 'stateDir' | 'lettaPath'>,
  inherited: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const binDir = join(stateDir, 'bin');
  const shim = writeNodeShim(binDir);
  const pathKey = Object.keys(inherited).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const path = inherited[pathKey];
  return {
    ...withoutKeys(inherited),
    [pathKey]: path === undefined || path === '' ? binDir : `${path}${delimiter}${binDir}`,
    ELECTRON_RUN_AS_NODE: '1',
    LETTA_CODE_TELEM: '0',
    DISABLE_AUTOUPDATER: '1',
    LETTA_CODE_OFFLINE: '1',
    LETTA_LOCAL_BACKEND_DIR: join(stateDir, 'backend'),
    // How it starts subagents and the `letta` command of its shell. A .cmd file cannot be spawned without a shell.
    LETTA_CODE_BIN: process.platform === 'win32' ? process.execPath : shim,
    LETTA_CODE_BIN_ARGS_JSON: JSON.stringify([process.argv[1], '--runtime', lettaPath]),
  };
}

/** A Letta Code of the person's own keeps to its own folder and, as in a terminal, finds the person's keys. */
export function otherEnvironment(
  other: OtherLetta,
  inherited: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const own = Object.entries(inherited).filter(([name]) => name !== 'ELECTRON_RUN_AS_NODE');
  return {
    ...Object.fromEntries(own),
    LETTA_CODE_TELEM: '0',
    DISABLE_AUTOUPDATER: '1',
    LETTA_LOCAL_BACKEND_DIR: other.backendDir,
  };
}

function withoutKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !KEY_VARIABLES.has(name)));
}

/** A `node` that is VS Code's own. Git runs hooks with its own sh on Windows too, so the script is the same there. */
function writeNodeShim(binDir: string): string {
  const shim = join(binDir, 'node');
  mkdirSync(binDir, { recursive: true, mode: 0o700 });
  const quoted = `'${process.execPath.replaceAll("'", `'"'"'`)}'`;
  writeFileSync(shim, `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${quoted} "$@"\n`);
  chmodSync(shim, 0o755);
  return shim;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureVsCode } from './codeServer.ts';
import { descendants, listProcesses, stopProcesses, type RunningProcess } from './processList.ts';
import { findOnPath, runOrThrow, stopGroup } from './processes.ts';

export interface VsCodeServerOptions {
  /** Holds the server's data, installed extensions, log and, unless `home` is given, the HOME of what runs in it. */
  readonly dataDir: string;
  /** Installed before the start. */
  readonly vsix?: string;
  /** Machine settings, written before the start. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly home?: string;
  /** Added to a clean environment (PATH, HOME, LANG). */
  readonly env?: Readonly<Record<string, string>>;
  /** A network namespace with a loopback device only; Linux. */
  readonly isNetworkOff?: boolean;
  /** How long an extension host outlives its page. */
  readonly reconnectionGraceSeconds?: number;
  /** Lets a page load extensions under development and run their tests. Without a token: for tests only. */
  readonly isTestDriver?: boolean;
  /** 0, the default: any free one. */
  readonly port?: number;
}

const START_TIMEOUT_MS = 30_000;

/** Quiet: nothing of VS Code's own that opens by itself beside the thing under test. */
const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
};

/** One running VS Code of the npm package, reached with a browser. Owns its process group. */
export class VsCodeServer {
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
  readonly token: string | null;
  readonly #process: ChildProcess;
  readonly #manage: (...what: readonly string[]) => Promise<void>;

  private constructor(
    process: ChildProcess,
    port: number,
    token: string | null,
    dataDir: string,
    logFile: string,
    manage: (...what: readonly string[]) => Promise<void>,
  ) {
    this.#manage = manage;
    this.#process = process;
    this.port = port;
    this.token = token;
    this.dataDir = dataDir;
    this.logFile = logFile;
  }

  static async start(options: VsCodeServerOptions): Promise<VsCodeServer> {
    const { dataDir } = options;
    const folder = await ensureVsCode();
    const home = options.home ?? join(dataDir, 'home');
    const machineDir = join(dataDir, 'data', 'Machine');
    await Promise.all([home, machineDir].map((path) => mkdir(path, { recursive: true })));
    await writeFile(
      join(machineDir, 'settings.json'),
      JSON.stringify({ ...QUIET_SETTINGS, ...options.settings }, null, 2),
    );
    const env = cleanEnvironment(home, options.env ?? {});
    const main = join(folder, 'out', 'server-main.js');
    const manage = async (...what: readonly string[]): Promise<void> => {
      const common = ['--accept-server-license-terms', '--server-data-dir', dataDir];
      await runOrThrow(process.execPath, [main, ...common, ...what], { cwd: folder, env });
    };
    if (options.vsix !== undefined) await manage('--install-extension', options.vsix);

    const token = options.isTestDriver === true ? null : randomBytes(16).toString('hex');
    // In a file: what stands on a command line can be read by every user of the machine.
    const tokenFile = join(dataDir, 'connection-token');
    if (token !== null) await writeFile(tokenFile, token, { mode: 0o600 });
    const args = [
      main,
      ...['--host', '127.0.0.1', '--port', String(options.port ?? 0)],
      ...['--accept-server-license-terms', '--telemetry-level', 'off', '--disable-workspace-trust'],
      ...['--server-data-dir', dataDir],
      ...['--reconnection-grace-time', String(options.reconnectionGraceSeconds ?? 5)],
      ...(token === null
        ? ['--without-connection-token', '--enable-smoke-test-driver']
        : ['--connection-token-file', tokenFile]),
    ];
    const [command, allArgs] =
      options.isNetworkOff === true ? offline(process.execPath, args) : [process.execPath, args];
    const child = spawn(command, allArgs, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const logFile = join(dataDir, 'vscode-server.log');
    const port = await listeningPort(child, logFile);
    return new VsCodeServer(child, port, token, dataDir, logFile, manage);
  }

  /** `localhost`, not 127.0.0.1: VS Code loads its webviews only in a secure context that has a name. */
  url(folder: string, payload: readonly (readonly [string, string])[] = []): string {
    const query = new URLSearchParams({ folder });
    if (this.token !== null) query.set('tkn', this.token);
    if (payload.length > 0) query.set('payload', JSON.stringify(payload));
    return `http://localhost:${String(this.port)}/?${query.toString()}`;
  }

  /** The server's own process; inside the namespace when the network is off. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get exited(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) =>
      this.#process.once('exit', () => {
        resolve();
      }),
    );
  }

  /** As a person would on the command line, while it runs. */
  async uninstall(extensionId: string): Promise<void> {
    await this.#manage('--uninstall-extension', extensionId);
  }

  /** Kills the extension hosts as a crash would. Resolves to how many there were. */
  async killExtensionHosts(): Promise<number> {
    const hosts = (await this.processes()).filter(({ command }) => command.includes('--type=extensionHost'));
    for (const { pid } of hosts) process.kill(pid, 'SIGKILL');
    return hosts.length;
  }

  /** Everything that descends from this server now. */
  async processes(): Promise<readonly RunningProcess[]> {
    return descendants(await listProcesses(), this.pid);
  }

  /** What runs from this server's data folder without being its child: processes that outlive a window on purpose. */
  async strays(): Promise<readonly RunningProcess[]> {
    return (await listProcesses()).filter(
      ({ pid, command }) => pid !== this.pid && command.includes(`${this.dataDir}/`),
    );
  }

  /** Ends the server and whatever runs from its data folder. */
  async dispose(): Promise<void> {
    await stopGroup(this.#process);
    await stopProcesses((await this.strays()).map(({ pid }) => pid));
  }
}

/** No token, key or editor variable of the person's shell reaches the server. */
function cleanEnvironment(home: string, extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, LANG, TMPDIR, SystemRoot, TEMP } = process.env;
  const kept = Object.entries({ PATH, LANG: LANG ?? 'C.UTF-8', TMPDIR, SystemRoot, TEMP });
  return {
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    HOME: home,
    USERPROFILE: home,
    ...extra,
  };
}

/** The command inside a network namespace where only loopback exists. As a normal user that takes a user namespace. */
function offline(command: string, args: readonly string[]): readonly [string, readonly string[]] {
  if (findOnPath(['unshare']) === null || findOnPath(['ip']) === null)
    throw new Error('Network off needs the commands unshare (util-linux) and ip (iproute2).');
  const flags = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
  return ['unshare', [...flags, '--', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', command, ...args]];
}

async function listeningPort(child: ChildProcess, logFile: string): Promise<number> {
  const log = createWriteStream(logFile, { flags: 'a' });
  let output = '';
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail('said nothing of a port within 30 s');
    }, START_TIMEOUT_MS);
    const fail = (what: string): void => {
      clearTimeout(timer);
      void stopGroup(child).catch(() => undefined);
      reject(
        new Error(`VS Code ${what} (log: ${logFile}):\n${output.trim().split('\n').slice(-10).join('\n')}`),
      );
    };
    const take = (chunk: Buffer): void => {
      log.write(chunk);
      if (output.length > 100_000) return;
      output += chunk.toString('utf8');
      const port = /Extension host agent listening on (\d+)/.exec(output)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', (error) => {
      fail(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      log.end();
      fail(`ended at once (${String(code ?? signal)})`);
    });
  });
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { lazyModules } from '../../scripts/lib/lazyModules.ts';
import { ROOT } from '../../scripts/lib/paths.ts';
import { layOutRuntime } from '../../scripts/lib/runtimePackage.ts';
import { parseServerFile, type ServerFile } from '../../src/shared/wire.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import { LocalRuntime, type LocalRuntimeOptions } from '../../src/server/localRuntime/localRuntime.ts';
import { FakeLogger } from './fakeLogger.ts';

const LIMIT_MS = 15_000;

let assets: Promise<string> | null = null;

/** Broker and demo of the sources as they are, beside the real Letta Code: built once per test process. */
export function runtimeAssets(): Promise<string> {
  assets ??= buildAssets();
  return assets;
}

async function buildAssets(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'letta-assets-'));
  process.once('exit', () => {
    execFileSync('rm', ['-rf', folder]);
  });
  const runtime = join(ROOT, 'dist', 'runtime');
  if (!existsSync(join(runtime, 'letta.js'))) await layOutRuntime();
  await Promise.all([
    cp(runtime, join(folder, 'runtime'), { recursive: true }),
    build({
      entryPoints: { broker: join(ROOT, 'src/brokerMain.ts'), demoModel: join(ROOT, 'src/demo/main.ts') },
      outdir: folder,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external: ['bufferutil', 'utf-8-validate'],
      minify: true,
      plugins: [lazyModules],
    }),
  ]);
  return folder;
}

/** The local runtime of one person who exists only for a test: own home, own state, nothing left behind. */
export class RuntimeFixture {
  readonly root: string;
  readonly stateDir: string;
  readonly workspace: string;
  readonly logger = new FakeLogger();
  readonly #assetsDir: string;
  readonly #links: BrokerLink[] = [];

  private constructor(root: string, assetsDir: string) {
    this.root = root;
    this.stateDir = join(root, 'state');
    this.workspace = join(root, 'workspace');
    this.#assetsDir = assetsDir;
  }

  static async create(): Promise<RuntimeFixture> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'letta-runtime-')));
    const fixture = new RuntimeFixture(root, await runtimeAssets());
    await mkdir(join(root, 'home'));
    await mkdir(fixture.workspace);
    return fixture;
  }

  /** A window's view of it; several share the state. */
  window(changes: Partial<LocalRuntimeOptions> = {}): LocalRuntime {
    return new LocalRuntime({
      assetsDir: this.#assetsDir,
      stateDir: this.stateDir,
      nodePath: process.execPath,
      env: { ...process.env, HOME: join(this.root, 'home'), LETTA_DEMO_TEST: '1' },
      version: '0.0.0-test',
      graceMs: 60_000,
      logger: this.logger,
      clock: systemClock,
      ...changes,
    });
  }

  /** A link to a server elsewhere, through its own broker. */
  async connectTo(
    url: string,
    token: string,
    changes: Partial<LocalRuntimeOptions> = {},
  ): Promise<BrokerLink> {
    const link = await this.window(changes).connectTo(url, token, AbortSignal.timeout(LIMIT_MS * 4));
    this.#links.push(link);
    return link;
  }

  async connect(changes: Partial<LocalRuntimeOptions> = {}): Promise<BrokerLink> {
    const link = await this.window(changes).connect(AbortSignal.timeout(LIMIT_MS * 2));
    this.#links.push(link);
    return link;
  }

  async serverFile(kind: 'local' | 'remote' = 'local'): Promise<ServerFile> {
    const file = parseServerFile(await readFile(join(await this.#folder(kind), 'server.json'), 'utf8'));
    if (file === null) throw new Error('server.json is not understood');
    return file;
  }

  async runtimeLog(kind: 'local' | 'remote' = 'local'): Promise<string> {
    return readFile(join(await this.#folder(kind), 'logs', 'runtime.log'), 'utf8');
  }

  /** Of the broker, where only one of its kind runs. */
  async #folder(kind: 'local' | 'remote'): Promise<string> {
    if (kind === 'local') return this.stateDir;
    const [name = ''] = await readdir(join(this.stateDir, 'remote'));
    return join(this.stateDir, 'remote', name);
  }

  /** Every running process that was started for this state folder, by what it is. */
  processes(): readonly RunningProcess[] {
    const lines = execFileSync('ps', ['-eww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n');
    return lines.flatMap((line) => {
      const [, pid, stat, args] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      if (pid === undefined || args?.includes(this.stateDir) !== true || stat?.startsWith('Z') === true)
        return [];
      const kind = args.includes('--runtime ') ? 'runtime' : args.includes('demoModel') ? 'demo' : 'broker';
      return [{ pid: Number(pid), kind }];
    });
  }

  pidOf(kind: RunningProcess['kind']): number {
    const found = this.processes().filter((one) => one.kind === kind);
    const [first] = found;
    if (first === undefined || found.length > 1)
      throw new Error(`${String(found.length)} processes are the ${kind}`);
    return first.pid;
  }

  /** Resolves when none of the kinds runs any more. The system tells nobody, so it is asked again and again. */
  async untilGone(kinds: readonly RunningProcess['kind'][], limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (this.processes().some((one) => kinds.includes(one.kind))) {
      if (performance.now() > end) {
        throw new Error(`Still running after ${String(limitMs)} ms: ${JSON.stringify(this.processes())}`);
      }
      await new Promise<void>((resolve) => systemClock.after(50, resolve));
    }
  }

  async dispose(): Promise<void> {
    // Links to several brokers may be open; where they share one, it is gone after the first.
    for (const link of this.#links) {
      if (link.state.kind !== 'closed') await link.shutdown().catch(() => undefined);
    }
    for (const link of this.#links) link.dispose();
    // Brokers without a window would stay for their grace period.
    for (const { pid, kind } of this.processes()) if (kind === 'broker') process.kill(pid, 'SIGTERM');
    await this.untilGone(['broker', 'runtime', 'demo'], LIMIT_MS).finally(() => {
      for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL');
    });
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export interface RunningProcess {
  readonly pid: number;
  readonly kind: 'broker' | 'runtime' | 'demo';
}

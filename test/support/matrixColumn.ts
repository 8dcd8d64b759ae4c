import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/host/systemClock.ts';
import type { BrokerLink, LinkLimits } from '../../src/server/localRuntime/brokerLink.ts';
import type { Phase } from './matrixCell.ts';
import { MatrixHost } from './matrixHost.ts';
import { MatrixProxy } from './matrixProxy.ts';
import { RuntimeClient, startDemoAgent } from './runtimeClient.ts';
import { runtimeAssets, RuntimeFixture } from './runtimeFixture.ts';

/** A thirtieth of the product's. */
const LIMITS: LinkLimits = { connectMs: 1_500, pingEveryMs: 500, silenceMs: 930 };
/** What stands for 45 s in the product, and what a loaded machine takes. */
const NOTICE_MS = 1_500 + 2_500;
const STOPPED_MS = 2_000;
/** The runtime is started again by itself so often within three minutes. */
const FREE_RESTARTS = 3;

export type Fault =
  'killHost' | 'reload' | 'killRuntime' | 'killBroker' | 'stopRuntime' | 'dropSocket' | 'halfOpen';

/** Does what goes wrong; resolves to the host that the person sees then. */
export type DoFault = (column: MatrixColumn, host: MatrixHost, phase: Phase) => Promise<MatrixHost>;

export const FAULTS: Readonly<Record<Fault, DoFault>> = {
  killHost: async (column, host) => {
    await host.kill();
    return column.newHost();
  },
  reload: async (column, host) => {
    await host.reload();
    return column.newHost();
  },
  killRuntime: async (column, host, phase) => {
    column.kills++;
    process.kill(column.runtimePid, 'SIGKILL');
    return noticed(host, phase);
  },
  killBroker: async (column, host, phase) => {
    process.kill((await column.fixture.serverFile()).pid, 'SIGKILL');
    return noticed(host, phase);
  },
  stopRuntime: async (column, host, phase) => {
    const pid = column.runtimePid;
    process.kill(pid, 'SIGSTOP');
    if (phase === 'P0') host.do({ do: 'letConnect' });
    await after(STOPPED_MS);
    process.kill(pid, 'SIGCONT');
    return host;
  },
  dropSocket: async (column, host, phase) => {
    if (phase === 'P0') {
      host.do({ do: 'letConnect' });
      await column.proxy?.nextWindow();
    }
    column.proxy?.cut();
    return phase === 'P0' ? host : noticed(host, phase);
  },
  halfOpen: async (column, host, phase) => {
    column.proxy?.swallow();
    if (phase === 'P0') {
      host.do({ do: 'letConnect' });
      await after(500);
    } else await noticed(host, phase);
    column.proxy?.heal();
    return host;
  },
};

async function noticed(host: MatrixHost, phase: Phase): Promise<MatrixHost> {
  if (phase === 'P0') host.do({ do: 'letConnect' });
  const isNoticed = (): boolean => host.view?.state.link.state !== 'ready';
  await host.until('a sign of the fault', NOTICE_MS, isNoticed);
  return host;
}

let bundled: Promise<void> | null = null;

/** One kind of fault: a runtime of its own, and hosts one after another. */
export class MatrixColumn {
  readonly fault: Fault;
  readonly fixture: RuntimeFixture;
  readonly agentId: string;
  readonly storage: string;
  readonly proxy: MatrixProxy | null;
  readonly hosts: MatrixHost[] = [];
  /** Of the runtime, since it was last started on request. */
  kills = 0;
  readonly #assetsDir: string;
  #link: BrokerLink | null = null;

  private constructor(
    fault: Fault,
    fixture: RuntimeFixture,
    agentId: string,
    assetsDir: string,
    proxy: MatrixProxy | null,
  ) {
    this.fault = fault;
    this.fixture = fixture;
    this.agentId = agentId;
    this.storage = join(fixture.root, 'storage');
    this.#assetsDir = assetsDir;
    this.proxy = proxy;
  }

  static async create(fault: Fault): Promise<MatrixColumn> {
    bundled ??= runtimeAssets().then((folder) => MatrixHost.bundle(folder));
    await bundled;
    const fixture = await RuntimeFixture.create();
    const link = await fixture.connect();
    const runtime = await startDemoAgent(new RuntimeClient(link), link, fixture.workspace);
    let proxy: MatrixProxy | null = null;
    if (fault === 'dropSocket' || fault === 'halfOpen') {
      const file = await fixture.serverFile();
      proxy = new MatrixProxy(() => file.port);
      const front = { ...file, port: await proxy.listen() };
      await writeFile(join(fixture.stateDir, 'server.json'), JSON.stringify(front));
    }
    const agentId = String(runtime['agent_id']);
    const column = new MatrixColumn(fault, fixture, agentId, await runtimeAssets(), proxy);
    column.#link = link;
    return column;
  }

  get workspace(): string {
    return this.fixture.workspace;
  }

  /** For a moment, what it starts has its command line too. */
  get runtimePid(): number {
    const pids = this.fixture.processes().flatMap(({ kind, pid }) => (kind === 'runtime' ? [pid] : []));
    return Math.min(...pids);
  }

  /** A link that is no window of the cells: it sees what the server has. */
  async link(): Promise<BrokerLink> {
    if (this.#link?.state.kind === 'closed' || this.#link === null) this.#link = await this.fixture.connect();
    await this.#link.whenOpen();
    return this.#link;
  }

  /** The host there is; one that does not connect yet for the first phase. */
  async hostFor(phase: Phase): Promise<MatrixHost> {
    if (this.kills >= FREE_RESTARTS) {
      await (await this.link()).restartRuntime();
      this.kills = 0;
    }
    const last = this.hosts.at(-1);
    if (phase === 'P0') {
      await last?.reload();
      return this.newHost(false);
    }
    return last?.isAlive === true ? last : this.newHost();
  }

  newHost(connects = true): MatrixHost {
    const { fixture, storage, workspace } = this;
    const host = new MatrixHost({
      assetsDir: this.#assetsDir,
      stateDir: fixture.stateDir,
      home: join(fixture.root, 'home'),
      workspace,
      storage,
      limits: this.fault === 'halfOpen' ? LIMITS : null,
    });
    this.hosts.push(host);
    if (connects) host.do({ do: 'letConnect' });
    return host;
  }

  async dispose(): Promise<void> {
    await this.hosts.at(-1)?.reload();
    this.proxy?.heal();
    await this.fixture.dispose();
    this.proxy?.close();
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

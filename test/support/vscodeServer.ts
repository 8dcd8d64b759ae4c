import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Frame } from 'playwright-core';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { VSIX } from '../../scripts/lib/paths.ts';
import { listProcesses, type RunningProcess } from '../../scripts/lib/processList.ts';
import { ensureSample } from '../../scripts/lib/sample.ts';
import { VsCodeServer } from '../../scripts/lib/vsCodeServer.ts';
import { Workbench, type WorkbenchOptions } from '../../scripts/lib/workbench.ts';

export interface VscodeUnderTestOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A HOME that is there already; the caller removes it. */
  readonly home?: string;
  /** VS Code, its browser and all they start see a loopback device only. */
  readonly isNetworkOff?: boolean;
  readonly reconnectionGraceSeconds?: number;
  /** The packaged extension, unless another is named. */
  readonly vsix?: string;
}

/** A fresh VS Code with the packaged extension, an own HOME, the sample folder, and a headless browser. */
export class VscodeUnderTest {
  readonly server: VsCodeServer;
  #browser: Browser;
  readonly #isNetworkOff: boolean;
  /** All that this VS Code and the extension write; removed by `dispose`. */
  readonly dataDir: string;
  /** The sample project that windows open. */
  readonly folder: string;
  readonly #windows: Workbench[] = [];

  private constructor(
    server: VsCodeServer,
    browser: Browser,
    isNetworkOff: boolean,
    dataDir: string,
    folder: string,
  ) {
    this.server = server;
    this.#browser = browser;
    this.#isNetworkOff = isNetworkOff;
    this.dataDir = dataDir;
    this.folder = folder;
  }

  static async start(options: VscodeUnderTestOptions = {}): Promise<VscodeUnderTest> {
    // Short: a path of a Unix socket may have 107 bytes.
    const dataDir = await mkdtemp(join(tmpdir(), 'letta-e2e-'));
    const folder = await ensureSample(join(dataDir, 'photo-sync'));
    const server = await VsCodeServer.start({ vsix: VSIX, ...options, dataDir });
    try {
      const isNetworkOff = options.isNetworkOff === true;
      const browser = await launchChromium(isNetworkOff ? server.pid : undefined);
      return new VscodeUnderTest(server, browser, isNetworkOff, dataDir, folder);
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  get browser(): Browser {
    return this.#browser;
  }

  /** Ends the browser without a word to anybody, as a crash would; once its extension hosts are gone too, starts a new one. */
  async killBrowser(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#browser.once('disconnected', () => {
        resolve();
      });
    });
    for (const { pid, parent, command } of await listProcesses())
      if (parent === process.pid && /chrom|msedge/i.test(command)) process.kill(pid, 'SIGKILL');
    await gone;
    // It outlives its page for the grace time, and keeps the workspace's storage locked.
    while ((await this.server.processes()).some(({ command }) => command.includes('--type=extensionHost')))
      await new Promise((resolve) => setTimeout(resolve, 50));
    this.#browser = await launchChromium(this.#isNetworkOff ? this.server.pid : undefined);
  }

  /** When the extension was activated in this VS Code, by its own log; oldest first. Waits until there are so many. */
  async activations(count: number): Promise<readonly number[]> {
    const logs = join(this.dataDir, 'data', 'logs');
    const deadline = Date.now() + 20_000;
    for (;;) {
      const files = (await readdir(logs, { recursive: true })).filter((name) => name.endsWith('Letta.log'));
      const texts = await Promise.all(files.map((name) => readFile(join(logs, name), 'utf8')));
      const found = texts
        .flatMap((text) => [...text.matchAll(/^(\S+) (\S+) \[info\] Letta is activated$/gm)])
        .map(([, day, time]) => new Date(`${String(day)}T${String(time)}`).getTime());
      if (found.length >= count) return found.sort((a, b) => a - b);
      if (Date.now() > deadline) throw new Error(`activated ${String(found.length)} times`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Another window on the sample folder. */
  async openWindow(options: WorkbenchOptions & { readonly folder?: string } = {}): Promise<Workbench> {
    const window = await Workbench.open(
      this.browser,
      this.server.url(options.folder ?? this.folder),
      options,
    );
    this.#windows.push(window);
    return window;
  }

  /** A window with the chat view open, and the frame it is drawn in. */
  async openChat(
    options: WorkbenchOptions = {},
  ): Promise<{ readonly window: Workbench; readonly chat: Frame }> {
    const window = await this.openWindow(options);
    return { window, chat: await window.openChat() };
  }

  /** Resolves when the extension has the text on disk: a reload a moment later finds it. */
  async kept(text: string): Promise<void> {
    const storage = join(this.dataDir, 'data', 'User', 'globalStorage');
    const deadline = Date.now() + 5000;
    for (;;) {
      const files = await readdir(storage, { recursive: true }).catch(() => []);
      for (const file of files.filter((name) => name.endsWith('state.json'))) {
        if ((await readFile(join(storage, file), 'utf8')).includes(text)) return;
      }
      if (Date.now() > deadline) throw new Error(`"${text}" is not kept on disk`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What the windows wrote to their consoles so far: for a failing test to print. */
  get consoles(): readonly string[] {
    return this.#windows.flatMap((window) => window.console);
  }

  async killExtensionHosts(): Promise<number> {
    return await this.server.killExtensionHosts();
  }

  /** Detached processes of ours that run from this VS Code's data: the broker, the runtime, the demo model. */
  async strays(): Promise<readonly RunningProcess[]> {
    return await this.server.strays();
  }

  async dispose(): Promise<void> {
    await this.#browser.close();
    await this.server.dispose();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { webviewHtml } from '../../src/host/webviewHtml.ts';
import { applyPatches, type TranscriptPatch } from '../../src/shared/patch.ts';
import type { PanelFields, PanelState } from '../../src/shared/panel.ts';
import {
  PROTOCOL_VERSION,
  type Draft,
  type HostMessage,
  type WebviewMessage,
} from '../../src/shared/protocol.ts';
import { PANEL_STRINGS } from '../../src/shared/strings.ts';
import { NOW, type PanelCase } from './panelParts.ts';

export const THEMES = ['dark-modern', 'light-modern', 'hc-dark', 'hc-light'] as const;
export type Theme = (typeof THEMES)[number];

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

/** The real bundle of the panel, built once for a test file. */
export async function buildPanel(): Promise<ReadonlyMap<string, Uint8Array>> {
  const result = await build({
    entryPoints: ['webview/main.tsx'],
    bundle: true,
    write: false,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'chrome128',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: 'out',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    logLevel: 'warning',
  });
  return new Map(result.outputFiles.map((file) => [`/${basename(file.path)}`, file.contents]));
}

export interface HarnessOptions {
  readonly state: PanelState;
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly draft?: string;
  /** False: `ready` is not answered until the test calls `snapshot`. */
  readonly answersReady?: boolean;
  /** Time stands still at NOW: figures that run are the same in every picture. */
  readonly isTimeFrozen?: boolean;
  /** Runs in the page before anything else. */
  readonly initScript?: () => void;
}

interface Waiter {
  readonly matches: (message: WebviewMessage) => boolean;
  readonly resolve: (message: WebviewMessage) => void;
}

/** A panel in Chromium with the page of the real HTML producer, and a host that a test drives. */
export class PanelHarness {
  readonly page: Page;
  /** All that the webview said, in order. */
  readonly messages: WebviewMessage[] = [];
  /** Violations of the policy, uncaught errors, requests to anywhere else. */
  readonly complaints: string[] = [];
  state: PanelState;
  draft: Draft;
  /** Replies to requests by their method; the default is an empty object. */
  replies: Readonly<Record<string, unknown>> = {};
  answersReady: boolean;
  readonly #context: BrowserContext;
  readonly #server: Server;
  #seq = 0;
  #waiters: Waiter[] = [];
  #seen = 0;

  private constructor(page: Page, context: BrowserContext, server: Server, options: HarnessOptions) {
    this.page = page;
    this.#context = context;
    this.#server = server;
    this.state = options.state;
    this.answersReady = options.answersReady ?? true;
    this.draft = {
      key: options.state.key,
      text: options.draft ?? '',
      revision: options.draft === undefined ? 0 : 1,
    };
  }

  static async open(
    browser: Browser,
    files: ReadonlyMap<string, Uint8Array>,
    options: HarnessOptions,
  ): Promise<PanelHarness> {
    const { server, origin } = await serve(files, options.theme ?? 'dark-modern');
    const context = await browser.newContext({
      viewport: { width: options.width ?? 360, height: options.height ?? 640 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const harness = new PanelHarness(page, context, server, options);
    if (options.isTimeFrozen === true) await page.clock.setFixedTime(NOW);
    if (options.initScript !== undefined) await page.addInitScript(options.initScript);
    await page.exposeFunction('harnessReceive', (json: string) => {
      harness.#receive(JSON.parse(json) as WebviewMessage); // what our own bundle posted
    });
    page.on('pageerror', (error) => harness.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') harness.complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) harness.complaints.push(`request to ${request.url()}`);
    });
    await page.goto(`${origin}/`);
    if (harness.answersReady) await harness.settled();
    return harness;
  }

  async close(): Promise<void> {
    await this.#context.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async post(message: HostMessage): Promise<void> {
    await this.page.evaluate(
      (data) =>
        new Promise<void>((resolve) => {
          // Runs behind the panel's own listener: the message was taken in.
          const onMessage = (): void => {
            resolve();
          };
          window.addEventListener('message', onMessage, { once: true });
          window.postMessage(data, window.origin);
        }),
      message,
    );
  }

  async snapshot(state: PanelState = this.state): Promise<void> {
    this.state = state;
    if (this.draft.key !== state.key) this.draft = { key: state.key, text: '', revision: 0 };
    const seq = ++this.#seq;
    await this.post({
      type: 'snapshot',
      version: PROTOCOL_VERSION,
      seq,
      now: NOW,
      state,
      strings: PANEL_STRINGS,
      draft: this.draft,
    });
  }

  /** As the host's publisher: numbered. Resolves when it was painted. */
  async update(patches: readonly TranscriptPatch[], fields: Partial<PanelFields> = {}): Promise<void> {
    this.state = { ...this.state, ...fields, transcript: applyPatches(this.state.transcript, patches) };
    const seq = ++this.#seq;
    const painted = this.next((message) => message.type === 'ack' && message.seq >= seq);
    await this.post({ type: 'update', seq, now: NOW, patches, fields });
    await painted;
  }

  /** An update that gets lost on its way. */
  lose(patches: readonly TranscriptPatch[]): void {
    this.state = { ...this.state, transcript: applyPatches(this.state.transcript, patches) };
    this.#seq++;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Resolves when the newest snapshot or update was painted. */
  async settled(): Promise<void> {
    const isPainted = (message: WebviewMessage): boolean =>
      message.type === 'ack' && message.seq >= Math.max(1, this.#seq);
    if (!this.messages.some(isPainted)) await this.next(isPainted);
  }

  /** The next message that matches, from now on. */
  next(matches: (message: WebviewMessage) => boolean): Promise<WebviewMessage> {
    return new Promise((resolve) => {
      this.#waiters.push({ matches, resolve });
    });
  }

  /** Messages of one kind so far. */
  said<Type extends WebviewMessage['type']>(type: Type): readonly Extract<WebviewMessage, { type: Type }>[] {
    return this.messages.filter(
      (message): message is Extract<WebviewMessage, { type: Type }> => message.type === type,
    );
  }

  /** After this every message that the page had posted before is in `messages`. */
  async heard(): Promise<void> {
    this.#seen++;
    const isMark = (message: WebviewMessage): boolean =>
      message.type === 'webviewError' && message.message === `mark ${String(this.#seen)}`;
    const mark = this.next(isMark);
    await this.page.evaluate((number) => {
      // In a task of its own: what the page posts in this one comes first.
      setTimeout(() => {
        void Reflect.apply(Reflect.get(window, 'harnessReceive') as (json: string) => unknown, null, [
          JSON.stringify({ type: 'webviewError', message: `mark ${String(number)}` }),
        ]);
      }, 0);
    }, this.#seen);
    await mark;
  }

  /** Brings the panel into the state of the case: opened rows, scrolled up; fonts are there, and it is painted. */
  async prepare(panelCase: PanelCase): Promise<void> {
    for (const name of panelCase.opens ?? []) {
      await this.page.getByRole('group', { name, exact: true }).getByRole('button').first().click();
    }
    if (panelCase.isScrolledUp === true) {
      const log = this.page.getByRole('log');
      await log.hover();
      await this.page.mouse.wheel(0, -2000);
      await this.page.getByRole('button', { name: 'Latest' }).waitFor();
    }
    await this.page.mouse.move(0, 0);
    await this.page.evaluate(async () => {
      await document.fonts.ready;
    });
  }

  /** A page that is closed or reloaded needs no answer any more. */
  #answer(posted: Promise<void>): void {
    posted.catch((error: unknown) => {
      if (!/closed|navigation|context was destroyed/i.test(String(error)))
        this.complaints.push(String(error));
    });
  }

  #receive(message: WebviewMessage): void {
    this.messages.push(message);
    if (message.type === 'ready' && message.draft !== null && message.draft.key === this.draft.key) {
      if (message.draft.revision > this.draft.revision) this.draft = message.draft;
    }
    if (message.type === 'draftChanged' && message.draft.key === this.draft.key) this.draft = message.draft;
    if ((message.type === 'ready' || message.type === 'resync') && this.answersReady)
      this.#answer(this.snapshot());
    if (message.type === 'request') {
      const value = this.replies[message.body.method] ?? {};
      this.#answer(this.post({ type: 'reply', requestId: message.requestId, ok: true, value }));
    }
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => !waiter.matches(message));
    for (const waiter of waiting) if (!this.#waiters.includes(waiter)) waiter.resolve(message);
  }
}

/** What VS Code puts in front of an extension's page: its default styles, and the one way to speak to it. */
function vsCodePreamble(theme: Theme): string {
  const { vars, def } = themeOf(theme);
  const variables = Object.entries(vars)
    .map(([name, value]) => `${name}: ${value};`)
    .join('\n');
  return `<style>${def}
:root { ${variables} }
html { background: var(--vscode-sideBar-background); }</style>
<script>
globalThis.acquireVsCodeApi = (() => {
  let isAcquired = false;
  return () => {
    if (isAcquired) throw new Error('An instance of the VS Code API has already been acquired');
    isAcquired = true;
    return Object.freeze({
      postMessage: (message) => { globalThis.harnessReceive(JSON.stringify(message)); },
      getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
      setState: (state) => { sessionStorage.setItem('state', JSON.stringify(state)); return state; },
    });
  };
})();
</script>`;
}

interface ThemeFile {
  readonly cls: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly def: string;
}

function themeOf(theme: Theme): ThemeFile {
  return JSON.parse(readFileSync(`test/fixtures/themes/${theme}.json`, 'utf8')) as ThemeFile; // a fixture of this shape
}

async function serve(
  files: ReadonlyMap<string, Uint8Array>,
  theme: Theme,
): Promise<{ server: Server; origin: string }> {
  let origin = '';
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const file = files.get(path.split('?', 1)[0] ?? path);
    if (path === '/') {
      const html = webviewHtml({
        scriptUri: `${origin}/main.js`,
        styleUri: `${origin}/main.css`,
        cspSource: origin,
        nonce: randomBytes(16).toString('base64'),
        lang: 'en',
        title: 'Letta',
      });
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        html
          .replace('<head>', () => `<head>${vsCodePreamble(theme)}`)
          .replace('<body>', `<body class="${themeOf(theme).cls}">`),
      );
    } else if (file !== undefined) {
      response.setHeader(
        'content-type',
        TYPES[extname(path.split('?', 1)[0] ?? '')] ?? 'application/octet-stream',
      );
      response.end(file);
    } else {
      response.statusCode = path === '/favicon.ico' ? 204 : 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A test that fails does not close its panel; the process must end all the same.
  server.unref();
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`; // listens on TCP
  return { server, origin };
}

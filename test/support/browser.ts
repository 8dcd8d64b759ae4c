import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { basename, extname } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/** Chromium for tests: the system's, or the one `LETTA_TEST_CHROMIUM` names. */
export function chromiumPath(): string {
  const named = process.env['LETTA_TEST_CHROMIUM'];
  const found = [named, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (found === undefined) throw new Error('no Chromium found: install it or set LETTA_TEST_CHROMIUM');
  return found;
}

export async function launchBrowser(extraArguments: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...extraArguments,
    ],
  });
}

/** The policy of the panel (RELIABILITY 2.2), with this server in the place of VS Code's `cspSource`. */
export function strictCsp(nonce: string, source: string): string {
  return [
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source}; img-src ${source} data:`,
    `font-src ${source}; connect-src 'none'; frame-src 'none'; worker-src 'none'; object-src 'none'`,
    `media-src 'none'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
  ].join('; ');
}

export interface OpenBundleOptions {
  /** Module that is bundled and run in the page. */
  readonly entry: string;
  readonly stylesheets?: readonly string[];
  /** Markup inside <body>; no scripts, no inline styles. */
  readonly body?: string;
  readonly htmlAttributes?: string;
  /** Only for benchmarks of renderers that write HTML strings. */
  readonly hasNoPolicy?: boolean;
}

export interface BundlePage {
  readonly page: Page;
  /** Every request the page made or tried, but for its own document, scripts, styles and fonts. */
  readonly foreignRequests: readonly string[];
  /** Violations of the policy and uncaught errors. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

/** Bundles `entry` and opens it on a loopback server under the strict policy. */
export async function openBundle(browser: Browser, options: OpenBundleOptions): Promise<BundlePage> {
  const files = await bundle(options);
  const nonce = randomBytes(16).toString('base64');
  const { server, origin } = await serve(files, nonce, options);
  const page = await browser.newPage();
  const foreignRequests: string[] = [];
  const complaints: string[] = [];
  const own = new Set(['/', ...files.keys()].map((path) => origin + path));
  page.on('request', (request) => {
    if (!own.has(request.url())) foreignRequests.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${origin}/`);
  await page.waitForFunction('globalThis.isReady === true');
  return {
    page,
    foreignRequests,
    complaints,
    close: async () => {
      await page.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundle(options: OpenBundleOptions): Promise<Map<string, Uint8Array>> {
  const result = await build({
    entryPoints: [options.entry],
    bundle: true,
    write: false,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'chrome128',
    outdir: 'out',
    entryNames: 'main',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.ttf': 'file' },
    logLevel: 'warning',
  });
  const files = new Map(result.outputFiles.map((file) => [`/${basename(file.path)}`, file.contents]));
  for (const path of options.stylesheets ?? []) {
    const name = `/${basename(path)}`;
    if (files.has(name)) throw new Error(`two files would be served as ${name}`);
    files.set(name, await readFile(path));
  }
  return files;
}

async function serve(files: ReadonlyMap<string, Uint8Array>, nonce: string, options: OpenBundleOptions) {
  let origin = '';
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '/';
    const file = files.get(path);
    if (path === '/') {
      const styles = [...files.keys()].filter((name) => name.endsWith('.css'));
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (options.hasNoPolicy !== true) {
        response.setHeader('content-security-policy', strictCsp(nonce, origin));
      }
      response.end(
        `<!doctype html><html lang="en" ${options.htmlAttributes ?? ''}><head><meta charset="utf-8"><title>test</title>` +
          styles.map((name) => `<link rel="stylesheet" href="${name}">`).join('') +
          `</head><body>${options.body ?? ''}<script type="module" nonce="${nonce}" src="/main.js"></script></body></html>`,
      );
    } else if (file !== undefined) {
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(file);
    } else {
      response.statusCode = path === '/favicon.ico' ? 204 : 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  origin = `http://127.0.0.1:${String(address.port)}`;
  return { server, origin };
}

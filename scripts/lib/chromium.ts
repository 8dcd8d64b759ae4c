import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { cached } from './cache.ts';
import { findOnPath, isExecutable, npm, run } from './processes.ts';

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'msedge',
];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];
/** Chromium as one npm package, for Linux x64 without a browser and without root. */
const CARRIED = {
  version: '153.0.0',
  integrity:
    'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
};

/** Without these Chromium looks up its maker's hosts at every start. */
const QUIET_FLAGS = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
];

/** The path of a Chromium: LETTA_TEST_CHROMIUM, an installed one, Debian's, or the npm package's. */
export async function ensureChromium(): Promise<string> {
  const own = process.env['LETTA_TEST_CHROMIUM'];
  if (own !== undefined && own !== '') {
    if (isExecutable(own)) return own;
    throw new Error(`LETTA_TEST_CHROMIUM names ${own}, which is not a program.`);
  }
  const found = findOnPath(NAMES) ?? ELSEWHERE.find(isExecutable);
  if (found !== undefined) return found;
  const tried: string[] = [];
  if (process.getuid?.() === 0 && findOnPath(['apt-get']) !== null) {
    const problem = await aptInstall(['chromium']);
    const installed = findOnPath(NAMES);
    if (installed !== null) return installed;
    tried.push(`apt-get install chromium: ${problem}`);
  }
  if (process.platform === 'linux' && process.arch === 'x64') {
    try {
      return await carriedChromium();
    } catch (error) {
      tried.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    'A headless Chromium is needed to drive the panel and none was found. Install Chromium, Chrome or Edge, ' +
      `or set LETTA_TEST_CHROMIUM to one.${tried.map((line) => `\n  tried: ${line}`).join('')}`,
  );
}

/** Headless. `networkOf`: the process whose network namespace the browser shares. */
export async function launchChromium(networkOf?: number): Promise<Browser> {
  const executable = await ensureChromium();
  const isRoot = process.getuid?.() === 0;
  const args = [...QUIET_FLAGS, ...(isRoot ? ['--no-sandbox'] : [])];
  if (networkOf === undefined)
    return await chromium.launch({ executablePath: executable, headless: true, args });
  // Playwright speaks to the browser through a pipe, so it can sit in a namespace without a network.
  const folder = await mkdtemp(join(tmpdir(), 'letta-chromium-'));
  const wrapper = join(folder, 'chromium');
  const enter = isRoot ? '' : '-U --preserve-credentials ';
  await writeFile(
    wrapper,
    `#!/bin/sh\nexec nsenter ${enter}--net -t ${String(networkOf)} -- '${executable}' "$@"\n`,
  );
  await chmod(wrapper, 0o755);
  try {
    return await chromium.launch({ executablePath: wrapper, headless: true, args });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** '' when it worked. */
async function aptInstall(packages: readonly string[]): Promise<string> {
  process.stderr.write(`Installing ${packages.join(', ')} with apt-get …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  const first = await run('apt-get', args, { env });
  if (first.code === 0) return '';
  await run('apt-get', ['update'], { env });
  const second = await run('apt-get', args, { env });
  return second.code === 0 ? '' : (second.output.trim().split('\n').at(-1) ?? 'no message');
}

async function carriedChromium(): Promise<string> {
  const folder = await cached(`chromium-${CARRIED.version}`, CARRIED.integrity, async (draft) => {
    process.stderr.write(`Installing Chromium (npm package @sparticuz/chromium ${CARRIED.version}) …\n`);
    await writeFile(
      join(draft, 'package.json'),
      JSON.stringify({ name: 'chromium-for-letta', private: true }),
    );
    await npm(['install', '--ignore-scripts', '--omit=dev', `@sparticuz/chromium@${CARRIED.version}`], draft);
    const lockFile = JSON.parse(await readFile(join(draft, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { integrity?: string } | undefined>;
    };
    if (lockFile.packages['node_modules/@sparticuz/chromium']?.integrity !== CARRIED.integrity)
      throw new Error(
        `@sparticuz/chromium ${CARRIED.version}: the registry's checksum is not the pinned one`,
      );
  });
  const entry = join(folder, 'node_modules', '@sparticuz', 'chromium', 'build', 'esm', 'index.js');
  const module = (await import(pathToFileURL(entry).href)) as {
    default: { executablePath(): Promise<string> };
  };
  const path = await module.default.executablePath();
  const probe = await run(path, ['--version']);
  if (probe.code === 0) return path;
  const missing = [
    ...new Set([...probe.output.matchAll(/(lib[\w.+-]+\.so[\w.]*)/g)].map((match) => match[1])),
  ];
  throw new Error(
    `the npm package's Chromium does not start: ${missing.length > 0 ? `${missing.join(', ')} missing (Debian: libnss3 libnspr4)` : probe.output.trim()}`,
  );
}

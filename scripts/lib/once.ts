import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Frame, Locator } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { CONSENTS } from './consents.ts';
import { deferred } from './deferred.ts';
import { LOGS, ROOT } from './paths.ts';
import { ensureSample } from './sample.ts';
import { ReplyPrinter, watchPanel, type PanelSight } from './panelSight.ts';
import { VsCodeServer } from './vsCodeServer.ts';
import { Workbench } from './workbench.ts';

const OVERALL_MS = 120_000;
/** What a message gets for its way from the composer into the conversation. */
const LOST_MS = 15_000;
const LOG = join(LOGS, 'once.log');

/** Asks the real panel one question, in a real VS Code without hands, and prints what a person would see of the reply. */
export async function askOnce(vsix: string, question: string): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'letta-once-'));
  let server: VsCodeServer | null = null;
  let browser: Browser | null = null;
  let workbench: Workbench | null = null;
  const deadline = AbortSignal.timeout(OVERALL_MS);
  const late = new Promise<never>((_resolve, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new Error(`no finished reply within ${String(OVERALL_MS / 1000)} s`));
    });
  });
  const drive = async (): Promise<void> => {
    const folder = await ensureSample(join(dataDir, 'photo-sync'));
    [server, browser] = await Promise.all([
      VsCodeServer.start({ dataDir, vsix, settings: { ...CONSENTS, 'letta.localRuntime.graceSeconds': 5 } }),
      launchChromium(),
    ]);
    workbench = await Workbench.open(browser, server.url(folder));
    await converse(workbench, await workbench.openChat(60_000), question);
  };
  try {
    await Promise.race([drive(), late]);
  } catch (error) {
    await keepEvidence(workbench, dataDir);
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new Error(`${reason}\nLog: ${LOG}`, { cause: error });
  } finally {
    await (browser as Browser | null)?.close();
    await (server as VsCodeServer | null)?.dispose();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function converse(workbench: Workbench, frame: Frame, question: string): Promise<void> {
  const printer = new ReplyPrinter((text) => process.stdout.write(text));
  const ended = deferred<PanelSight>();
  const begun = deferred<undefined>();
  let wasAllowOffered = false;
  const allow = frame
    .getByRole('region', { name: 'Approval needed' })
    .getByRole('button', { name: 'Allow', exact: true });
  const see = (sight: PanelSight): void => {
    if (sight.alert !== '') {
      ended.reject(new Error(`the panel says: ${sight.alert}`));
      return;
    }
    if (sight.turnCount === 0) return;
    begun.resolve(undefined);
    printer.show(sight);
    const isNewlyOffered = sight.isAllowOffered && !wasAllowOffered;
    wasAllowOffered = sight.isAllowOffered;
    if (isNewlyOffered) {
      printer.line('[approval needed: pressing Allow]');
      // By key: a click so soon after the card came would rightly be taken for a mistake.
      allow.press('Enter').catch((error: unknown) => {
        ended.reject(new Error('the button Allow could not be pressed', { cause: error }));
      });
    }
    if (!sight.isBusy) ended.resolve(sight);
  };
  await watchPanel(workbench.page, frame, see);
  const composer = frame.getByRole('textbox', { name: 'Message' });
  await composer.fill(question);
  console.log(`> ${question}\n`);
  await send(composer, begun.promise, ended.promise);
  const last = await ended.promise;
  printer.finish(last);
  await mkdir(join(ROOT, 'screenshots'), { recursive: true });
  const picture = join(ROOT, 'screenshots', 'once.png');
  await workbench.page.screenshot({ path: picture });
  console.log(`\n${last.metrics}\nPicture: ${picture}`);
  if (last.text === '') throw new Error('the turn ended without a reply');
}

/** While Letta starts, the text is kept and Enter does nothing: presses until the message stands in the transcript. */
async function send(composer: Locator, begun: Promise<unknown>, ended: Promise<unknown>): Promise<void> {
  const isSent = Promise.race([begun, ended]).then(() => true);
  const after = async (ms: number): Promise<boolean> =>
    await Promise.race([isSent, new Promise<boolean>((resolve) => setTimeout(resolve, ms, false))]);
  for (;;) {
    await composer.press('Enter');
    if (await after(500)) return;
    if ((await composer.inputValue()) !== '') continue;
    if (await after(LOST_MS)) return;
    throw new Error('the message left the composer and did not come into the conversation');
  }
}

async function keepEvidence(workbench: Workbench | null, dataDir: string): Promise<void> {
  await mkdir(LOGS, { recursive: true });
  const read = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => 'none');
  const logs = await readdir(join(dataDir, 'data', 'logs'), { recursive: true }).catch(() => []);
  const own = logs.filter((name) => /letta/i.test(name) && name.endsWith('.log'));
  const parts = await Promise.all(
    own.map(async (name) => `--- ${name}\n${await read(join(dataDir, 'data', 'logs', name))}`),
  );
  parts.push(`--- VS Code's server\n${await read(join(dataDir, 'vscode-server.log'))}`);
  parts.push(`--- the page and its webviews\n${(workbench?.console ?? []).join('\n')}`);
  await writeFile(LOG, `${parts.join('\n')}\n`);
  await workbench?.page.screenshot({ path: LOG.replace(/log$/, 'png') }).catch(() => undefined);
}

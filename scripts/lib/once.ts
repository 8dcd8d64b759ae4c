import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Frame } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { CONSENTS } from './consents.ts';
import { deferred } from './deferred.ts';
import { LOGS, ROOT } from './paths.ts';
import { ensureSample } from './sample.ts';
import { ReplyPrinter, watchPanel, type PanelSight } from './panelSight.ts';
import { VsCodeServer } from './vsCodeServer.ts';
import { Workbench } from './workbench.ts';

const OVERALL_MS = 120_000;
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
  let answered = '';
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
    if (sight.approval !== '' && sight.approval !== answered) {
      answered = sight.approval;
      printer.line('[approval needed: pressing Allow]');
      allow.click().catch((error: unknown) => {
        ended.reject(new Error('the button Allow could not be pressed', { cause: error }));
      });
    }
    if (!sight.isBusy) ended.resolve(sight);
  };
  await watchPanel(workbench.page, frame, see);
  const composer = frame.getByRole('textbox', { name: 'Message' });
  await composer.fill(question);
  console.log(`> ${question}\n`);
  // While Letta starts, the text is kept and Enter does nothing: press again until the message stands in the transcript.
  for (let isSent = false; !isSent;) {
    await composer.press('Enter');
    const pause = new Promise<boolean>((resolve) => setTimeout(resolve, 500, false));
    isSent = await Promise.race([begun.promise.then(() => true), ended.promise.then(() => true), pause]);
  }
  const last = await ended.promise;
  printer.finish(last);
  await mkdir(join(ROOT, 'screenshots'), { recursive: true });
  const picture = join(ROOT, 'screenshots', 'once.png');
  await workbench.page.screenshot({ path: picture });
  console.log(`\n${last.metrics}\nPicture: ${picture}`);
  if (last.text === '') throw new Error('the turn ended without a reply');
}

async function keepEvidence(workbench: Workbench | null, dataDir: string): Promise<void> {
  await mkdir(LOGS, { recursive: true });
  const serverLog = await readFile(join(dataDir, 'vscode-server.log'), 'utf8').catch(
    () => 'VS Code did not start.',
  );
  const pageLog = (workbench?.console ?? []).join('\n');
  await writeFile(
    LOG,
    `--- VS Code's server\n${serverLog}\n--- the page, its webviews and extension host\n${pageLog}\n`,
  );
  await workbench?.page.screenshot({ path: LOG.replace(/log$/, 'png') }).catch(() => undefined);
}

import * as vscode from 'vscode';
import { isLoopback, probeServer, type ProbedServer } from '../server/scout/serverProbe.ts';

export interface PickedServer {
  readonly origin: string;
  /** Null: it asks for none. */
  readonly token: string | null;
}

/** One field for every kind of server: asks what is there and stays open with the reason where it cannot be used. */
export async function pickServer(): Promise<PickedServer | null> {
  const found = await askAddress();
  if (found === null || !(await agreesToPlace(found.origin))) return null;
  if (!found.needsToken) return { origin: found.origin, token: null };
  const token = await askToken(found.origin, '');
  return token === null ? null : { origin: found.origin, token };
}

/** Null: the person gave up. */
export async function askToken(origin: string, problem: string): Promise<string | null> {
  const ask = vscode.l10n.t('Password or token of {0}', new URL(origin).host);
  const token = await vscode.window.showInputBox({
    title: vscode.l10n.t('Connect to a Server'),
    prompt: problem === '' ? ask : `${problem} ${ask}`,
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^[\x21-\x7e]+$/.test(text.trim())
        ? null
        : vscode.l10n.t('This contains a character that cannot be part of it.'),
  });
  return token === undefined ? null : token.trim();
}

type AppServer = Extract<ProbedServer, { kind: 'appServer' }>;

function askAddress(): Promise<AppServer | null> {
  const box = vscode.window.createInputBox();
  box.title = vscode.l10n.t('Connect to a Server');
  box.prompt = vscode.l10n.t('The address of a Letta server');
  box.placeholder = 'localhost:4500, https://letta.example.com';
  box.ignoreFocusOut = true;
  return new Promise((resolve) => {
    let asking: AbortController | null = null;
    const end = (found: AppServer | null): void => {
      resolve(found);
      box.dispose();
    };
    const ask = async (address: string): Promise<void> => {
      asking?.abort();
      const mine = new AbortController();
      asking = mine;
      box.busy = true;
      box.validationMessage = undefined;
      const found = await probeServer(address, mine.signal);
      if (mine.signal.aborted) return;
      box.busy = false;
      if (found.kind === 'appServer') end(found);
      else box.validationMessage = problemText(found);
    };
    box.onDidAccept(() => {
      ask(box.value).catch((error: unknown) => {
        box.busy = false;
        box.validationMessage = error instanceof Error ? error.message : String(error);
      });
    });
    box.onDidChangeValue(() => {
      asking?.abort();
      box.busy = false;
      box.validationMessage = undefined;
    });
    box.onDidHide(() => {
      asking?.abort();
      end(null);
    });
    box.show();
  });
}

/** What was found instead of a server that can be used, and what to do. */
function problemText(found: Exclude<ProbedServer, AppServer>): string {
  if (found.kind === 'notAnAddress') {
    return vscode.l10n.t('This is not an address. Write something like localhost:4500.');
  }
  const { host } = new URL(found.origin);
  switch (found.kind) {
    case 'lettaApi':
      return vscode.l10n.t(
        'A Letta API server (version {0}) at {1}. Chatting with those comes with the next version.',
        found.version,
        host,
      );
    case 'lettaCloud':
      return vscode.l10n.t('This is Letta Cloud. Chatting with agents there comes with the next version.');
    case 'notLetta':
      return found.isWebPage
        ? vscode.l10n.t('{0} answers with a web page, so it is not a Letta server. Is the port right?', host)
        : vscode.l10n.t('{0} answers, but not as a Letta server does. Is the port right?', host);
    case 'noAnswer':
      return noAnswerText(found.reason, host);
  }
}

function noAnswerText(reason: Extract<ProbedServer, { kind: 'noAnswer' }>['reason'], host: string): string {
  switch (reason) {
    case 'refused':
      return vscode.l10n.t('Nothing answers at {0}. Does the server run, and is the port right?', host);
    case 'unknownHost':
      return vscode.l10n.t('There is no computer called {0}. Check the spelling and your network.', host);
    case 'tls':
      return vscode.l10n.t(
        'There is no secure way to {0}: its certificate is not trusted here, or it has none. Use the name it was made for, or http://.',
        host,
      );
    case 'timeout':
      return vscode.l10n.t('{0} does not answer in time. Is there a firewall or a VPN between?', host);
    case 'stopped':
    case 'tooLong':
    case 'other':
      return vscode.l10n.t('{0} could not be asked. Check the address.', host);
  }
}

/** On another computer, tools run there and text goes there: said before the first message does. */
async function agreesToPlace(origin: string): Promise<boolean> {
  const { host, hostname, protocol } = new URL(origin);
  if (isLoopback(hostname)) return true;
  const connect = vscode.l10n.t('Connect');
  const detail = [
    vscode.l10n.t('What you write and attach goes there, and its tools run there: not in your folder here.'),
    ...(protocol === 'http:' ? [vscode.l10n.t('The connection is not encrypted.')] : []),
  ];
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Connect to {0}?', host),
    { modal: true, detail: detail.join(' ') },
    connect,
  );
  return answer === connect;
}

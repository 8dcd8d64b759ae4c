import * as vscode from 'vscode';

const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** Null for anything but a web or mail address: no `command:`, no `file:`, no `vscode:` from model text. */
export function safeLink(href: string): URL | null {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  return SCHEMES.has(url.protocol) ? url : null;
}

/** Opens a link from a reply after the person saw where it leads (the host in punycode). */
export async function openLink(href: string): Promise<void> {
  const url = safeLink(href);
  if (url === null) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('This kind of link is not opened: {0}', href.slice(0, 200)),
    );
    return;
  }
  const open = vscode.l10n.t('Open');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Open {0}?', url.host === '' ? url.href : url.host),
    { modal: true, detail: url.href },
    open,
  );
  if (answer === open) await vscode.env.openExternal(vscode.Uri.parse(url.href, true));
}

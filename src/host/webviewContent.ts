import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { webviewHtml } from './webviewHtml.ts';

export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return {
    enableScripts: true,
    enableForms: false,
    enableCommandUris: false,
    localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist', 'webview')],
  };
}

export function webviewContent(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const uri = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', name)).toString();
  return webviewHtml({
    scriptUri: uri('main.js'),
    styleUri: uri('main.css'),
    cspSource: webview.cspSource,
    nonce: randomBytes(24).toString('base64url'),
    lang: vscode.env.language,
    title: vscode.l10n.t('Letta chat'),
  });
}

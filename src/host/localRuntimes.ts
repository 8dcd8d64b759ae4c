import * as vscode from 'vscode';
import type { Clock, Logger } from '../core/ports.ts';
import { LocalRuntime } from '../server/localRuntime/localRuntime.ts';

/** A Letta Code of the person's own that runs in place of the one in the extension, with a broker of its own. */
export interface InstalledProgram {
  readonly lettaPath: string;
  readonly backendDir: string;
}

/** The ways from this extension host to the brokers of this person. */
export function localRuntime(
  context: vscode.ExtensionContext,
  logger: Logger,
  clock: Clock,
  installed: InstalledProgram | null = null,
): LocalRuntime {
  const graceSeconds = vscode.workspace.getConfiguration('letta').get('localRuntime.graceSeconds', 60);
  return new LocalRuntime({
    assetsDir: vscode.Uri.joinPath(context.extensionUri, 'dist').fsPath,
    stateDir:
      installed === null
        ? context.globalStorageUri.fsPath
        : vscode.Uri.joinPath(context.globalStorageUri, 'installed').fsPath,
    nodePath: process.execPath,
    env: process.env,
    version: extensionVersion(context),
    graceMs: graceSeconds * 1000,
    logger,
    clock,
    ...(installed !== null && {
      otherLetta: { path: installed.lettaPath, backendDir: installed.backendDir },
    }),
  });
}

export function extensionVersion(context: vscode.ExtensionContext): string {
  return String((context.extension.packageJSON as { readonly version: unknown }).version); // our own manifest
}

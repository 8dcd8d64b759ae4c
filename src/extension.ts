import * as vscode from 'vscode';
import { compose } from './host/compose.ts';

/** What `vscode.extensions.getExtension(…).exports` gives. */
export interface Exports {
  /** How long `activate` took. */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): Exports {
  const began = performance.now();
  try {
    compose(context);
    return { activationMs: performance.now() - began };
  } catch (error) {
    // Without this the person would see an empty view and nothing else.
    void vscode.window.showErrorMessage(
      vscode.l10n.t('Letta could not start: {0}', error instanceof Error ? error.message : String(error)),
    );
    throw error;
  }
}

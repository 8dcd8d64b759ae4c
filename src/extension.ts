import * as vscode from 'vscode';
import { compose } from './host/compose.ts';

export function activate(context: vscode.ExtensionContext): void {
  try {
    compose(context);
  } catch (error) {
    // Without this the person would see an empty view and nothing else.
    void vscode.window.showErrorMessage(
      vscode.l10n.t('Letta could not start: {0}', error instanceof Error ? error.message : String(error)),
    );
    throw error;
  }
}

import * as vscode from 'vscode';
import type { Hub } from '../core/hub.ts';
import type { Chats } from './chats.ts';
import {
  diagnosticsSource,
  documentSource,
  fileSource,
  mayAttach,
  selectionSource,
} from './editorContext.ts';
import { pickTarget } from './pickers.ts';
import type { PanelController } from './panelController.ts';

/** The selection (or the whole file) becomes a chip in the chat used last; the person then writes the question. */
export async function sendSelection(chats: Chats): Promise<void> {
  await attachFromEditor(chats, () => Promise.resolve(chats.addressee));
}

/** The same, to an agent or conversation chosen first. */
export async function sendSelectionTo(chats: Chats, hub: Hub): Promise<void> {
  await attachFromEditor(chats, async () => {
    const target = await pickTarget(hub);
    if (target === null) return null;
    await chats.showInView(target);
    return chats.view.controller;
  });
}

/** A code action or command of a problem: the lines and the diagnostics on them. */
export async function askAboutThis(
  chats: Chats,
  uri: vscode.Uri,
  range: vscode.Range,
  diagnostics: readonly vscode.Diagnostic[],
): Promise<void> {
  if (!(await mayAttach(uri))) return;
  const document = await vscode.workspace.openTextDocument(uri);
  const whole = new vscode.Range(
    document.lineAt(range.start.line).range.start,
    document.lineAt(Math.min(range.end.line, document.lineCount - 1)).range.end,
  );
  const controller = chats.addressee;
  controller.session.composer.attach(documentSource(document, whole));
  if (diagnostics.length > 0) controller.session.composer.attach(diagnosticsSource(uri, diagnostics));
  await chats.reveal(controller);
}

export async function attachFile(chats: Chats, value: unknown): Promise<void> {
  const controller = chats.current;
  const uris =
    value instanceof vscode.Uri
      ? [value]
      : await vscode.window.showOpenDialog({
          title: vscode.l10n.t('Add File to Chat'),
          openLabel: vscode.l10n.t('Add'),
          canSelectMany: true,
        });
  for (const uri of uris ?? []) {
    if (await mayAttach(uri)) controller.session.composer.attach(await fileSource(uri));
  }
  await chats.reveal(controller);
}

async function attachFromEditor(chats: Chats, choose: () => Promise<PanelController | null>): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a file and select some code first.'));
    return;
  }
  // Taken now: what is selected may change while a list is open.
  const source = selectionSource(editor);
  if (!(await mayAttach(editor.document.uri))) return;
  const controller = await choose();
  if (controller === null) return;
  controller.session.composer.attach(source);
  await chats.reveal(controller);
}

/** "Ask Letta About This" where there is a problem or a selection. */
export class AskAboutThisAction implements vscode.CodeActionProvider {
  provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range | vscode.Selection,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    if (range.isEmpty && context.diagnostics.length === 0) return [];
    const action = new vscode.CodeAction(
      vscode.l10n.t('Ask Letta About This'),
      vscode.CodeActionKind.QuickFix,
    );
    action.diagnostics = [...context.diagnostics];
    action.command = {
      command: 'letta.askAboutThis',
      title: action.title,
      arguments: [document.uri, range, context.diagnostics],
    };
    return [action];
  }
}

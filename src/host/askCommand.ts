import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Chats } from './chats.ts';
import { mayAttach, selectedLines, selectionSource, shownPath } from './editorContext.ts';

export interface AskArguments {
  readonly prompt?: string;
  readonly includeSelection?: boolean;
  /** False: the prompt is put into the composer and not sent. Default true. */
  readonly submit?: boolean;
}

interface Question {
  readonly prompt: string;
  readonly includeSelection: boolean;
}

/** "Ask Letta Agent": from the palette with an input box, from keybindings and other extensions with arguments. */
export async function ask(chats: Chats, value: unknown): Promise<void> {
  const given = readArguments(value);
  const editor = vscode.window.activeTextEditor;
  const hasSelection = editor !== undefined && !editor.selection.isEmpty;
  // Taken now: what is selected may change while the question is written.
  const source = hasSelection ? selectionSource(editor) : null;
  const question =
    given.prompt === undefined
      ? await askPerson(hasSelection ? editor : null, given.includeSelection)
      : { prompt: given.prompt, includeSelection: given.includeSelection ?? false };
  if (question === null || question.prompt.trim() === '') return;

  const controller = chats.addressee;
  if (
    question.includeSelection &&
    source !== null &&
    hasSelection &&
    (await mayAttach(editor.document.uri))
  ) {
    controller.session.composer.attach(source);
  }
  // Sent before the panel shows itself: the question is on its way even where no panel can be opened.
  if (given.submit ?? true) controller.session.submit(randomUUID(), question.prompt);
  else controller.addToDraft(question.prompt);
  await chats.reveal(controller);
}

async function askPerson(
  editor: vscode.TextEditor | null,
  includeSelection: boolean | undefined,
): Promise<Question | null> {
  if (editor === null || includeSelection !== undefined) {
    const prompt = await vscode.window.showInputBox({
      title: vscode.l10n.t('Ask Letta Agent'),
      prompt: vscode.l10n.t('The answer appears in the Letta panel.'),
      placeHolder: vscode.l10n.t('What should the agent do?'),
      ignoreFocusOut: true,
    });
    return prompt === undefined ? null : { prompt, includeSelection: includeSelection ?? false };
  }
  return askWithSelection(editor);
}

/** One step: type the question, Enter sends it with the selection, the second row without. */
function askWithSelection(editor: vscode.TextEditor): Promise<Question | null> {
  const [first, last] = selectedLines(editor.selection);
  const place = `${shownPath(editor.document.uri)}:${String(first)}–${String(last)}`;
  const withSelection = {
    label: vscode.l10n.t('Ask with {0}', place),
    iconPath: new vscode.ThemeIcon('selection'),
    alwaysShow: true,
  };
  const without = {
    label: vscode.l10n.t('Ask without the selection'),
    iconPath: new vscode.ThemeIcon('comment'),
    alwaysShow: true,
  };
  const pick = vscode.window.createQuickPick();
  pick.title = vscode.l10n.t('Ask Letta Agent');
  pick.placeholder = vscode.l10n.t('What should the agent do?');
  pick.items = [withSelection, without];
  pick.ignoreFocusOut = true;
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      if (pick.value.trim() === '') return;
      resolve({ prompt: pick.value, includeSelection: pick.activeItems[0] !== without });
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(null);
      pick.dispose();
    });
    pick.show();
  });
}

/** Other extensions may pass anything. */
function readArguments(value: unknown): AskArguments {
  if (typeof value !== 'object' || value === null) return {};
  const prompt = 'prompt' in value && typeof value.prompt === 'string' ? { prompt: value.prompt } : {};
  const includeSelection =
    'includeSelection' in value && typeof value.includeSelection === 'boolean'
      ? { includeSelection: value.includeSelection }
      : {};
  const submit = 'submit' in value && typeof value.submit === 'boolean' ? { submit: value.submit } : {};
  return { ...prompt, ...includeSelection, ...submit };
}

import * as vscode from 'vscode';
import ignore from 'ignore';
import { looksSecret, type AttachmentSource } from '../core/attachments.ts';

/** Files larger than this are not read for a chip; the person is told. */
const MAX_FILE_BYTES = 5 * 1024 * 1024;

/** What is selected in an editor, as it stands there (unsaved text included); the whole document without a selection. */
export function selectionSource(editor: vscode.TextEditor): AttachmentSource {
  return editor.selection.isEmpty
    ? documentSource(editor.document, null)
    : documentSource(editor.document, editor.selection);
}

export function documentSource(document: vscode.TextDocument, range: vscode.Range | null): AttachmentSource {
  return {
    path: shownPath(document.uri),
    language: document.languageId,
    lines: range === null ? null : selectedLines(range),
    text: document.getText(range ?? undefined),
    isUnsaved: document.isDirty,
  };
}

export async function fileSource(uri: vscode.Uri): Promise<AttachmentSource> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open !== undefined) return documentSource(open, null);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > MAX_FILE_BYTES) {
    throw new Error(
      vscode.l10n.t('{0} is too large to attach ({1} MB).', shownPath(uri), (size / 1048576).toFixed(1)),
    );
  }
  return documentSource(await vscode.workspace.openTextDocument(uri), null);
}

export function diagnosticsSource(
  uri: vscode.Uri,
  diagnostics: readonly vscode.Diagnostic[],
): AttachmentSource {
  const text = diagnostics
    .map((one) => {
      const source = one.source === undefined ? '' : ` [${one.source}]`;
      return `${severityName(one.severity)} at line ${String(one.range.start.line + 1)}${source}: ${one.message}`;
    })
    .join('\n');
  return {
    path: vscode.l10n.t('Problems in {0}', shownPath(uri)),
    language: 'text',
    lines: null,
    text,
    isUnsaved: false,
  };
}

/** Asks before a file that usually holds secrets, or that `.gitignore` excludes, is attached. */
export async function mayAttach(uri: vscode.Uri): Promise<boolean> {
  const reason = looksSecret(uri.path)
    ? vscode.l10n.t('its name says that it may hold secrets')
    : (await isGitIgnored(uri))
      ? vscode.l10n.t('.gitignore excludes it')
      : null;
  if (reason === null) return true;
  const attach = vscode.l10n.t('Attach');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Attach {0}?', shownPath(uri)),
    { modal: true, detail: vscode.l10n.t('Its text would be sent to the model, but {0}.', reason) },
    attach,
  );
  return answer === attach;
}

/** Looks at the `.gitignore` files between the workspace folder and the file, deeper ones last, as git does. */
export async function isGitIgnored(uri: vscode.Uri): Promise<boolean> {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder === undefined) return false;
  const segments = uri.path.slice(folder.uri.path.length).split('/').filter(Boolean);
  let isIgnored = false;
  for (let depth = 0; depth < segments.length; depth++) {
    const base = vscode.Uri.joinPath(folder.uri, ...segments.slice(0, depth));
    const rules = await readText(vscode.Uri.joinPath(base, '.gitignore'));
    if (rules === null) continue;
    const verdict = ignore().add(rules).test(segments.slice(depth).join('/'));
    if (verdict.ignored) isIgnored = true;
    else if (verdict.unignored) isIgnored = false;
  }
  return isIgnored;
}

/** Workspace-relative where there is a workspace, with the folder's name where there are several. */
export function shownPath(uri: vscode.Uri): string {
  if (uri.scheme === 'untitled') return uri.path;
  return vscode.workspace.asRelativePath(uri, (vscode.workspace.workspaceFolders?.length ?? 0) > 1);
}

/** 1-based, inclusive. */
export function selectedLines(range: vscode.Range): readonly [number, number] {
  const first = range.start.line + 1;
  // A selection that ends before the first character of a line does not take that line.
  const last =
    range.end.character === 0 && range.end.line > range.start.line ? range.end.line : range.end.line + 1;
  return [first, last];
}

async function readText(uri: vscode.Uri): Promise<string | null> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return null;
    throw error;
  }
}

function severityName(severity: vscode.DiagnosticSeverity): string {
  switch (severity) {
    case vscode.DiagnosticSeverity.Error:
      return 'error';
    case vscode.DiagnosticSeverity.Warning:
      return 'warning';
    case vscode.DiagnosticSeverity.Information:
      return 'info';
    case vscode.DiagnosticSeverity.Hint:
      return 'hint';
  }
}

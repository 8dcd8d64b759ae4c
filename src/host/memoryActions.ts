import * as vscode from 'vscode';
import type { Hub } from '../core/hub.ts';
import { undoMemory } from '../core/memoryUndo.ts';
import type { Session } from '../core/session.ts';
import { shownPath } from '../shared/memoryText.ts';
import type { MemoryChange } from '../shared/transcript.ts';
import type { MemoryFiles } from './memoryFiles.ts';
import { memoryUri, memoryVersionUri } from './memoryUris.ts';

/** What the buttons of a "Remembered …" row and "Open Memory" do. */
export class MemoryActions {
  readonly #hub: Hub;
  readonly #files: MemoryFiles;
  readonly #undoing = new Set<string>();

  constructor(hub: Hub, files: MemoryFiles) {
    this.#hub = hub;
    this.#files = files;
  }

  async view(session: Session, noticeId: string): Promise<void> {
    const change = changeOf(session, noticeId);
    const { agentId } = session.target;
    if (change === null || agentId === null) return;
    const paths = change.files.map((file) => file.path);
    await showDiff(paths, (path) => ({
      left: memoryVersionUri({ agentId, path }, change.from),
      right: memoryVersionUri({ agentId, path }, change.to),
    }));
  }

  /** Pressed again while it goes on, or when it is done, nothing happens. */
  async undo(session: Session, noticeId: string): Promise<void> {
    const change = changeOf(session, noticeId);
    const { agentId, conversationId } = session.target;
    if (change === null || change.isUndone || !change.canUndo) return;
    if (agentId === null || conversationId === null || this.#undoing.has(change.to)) return;
    this.#undoing.add(change.to);
    try {
      const memory = await this.#files.memory();
      const result = await undoMemory(memory, agentId, change);
      if (result.kind === 'changedSince') this.#sayChanged(agentId, change, result.paths);
      else memory.noteUndone({ agentId, conversationId }, change);
    } finally {
      this.#undoing.delete(change.to);
    }
  }

  async open(agentId: string | null): Promise<void> {
    const agent = await this.#hub.agentFor(agentId);
    if (agent === null) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no agent yet.'));
      return;
    }
    const memory = await this.#files.memory();
    const items = memory.list(agent.id).then((files) =>
      files
        .toSorted((a, b) => a.path.localeCompare(b.path))
        .map(({ path, description }) => ({
          label: withoutIcons(shownPath(path)),
          description: withoutIcons(shownPath(description)),
          iconPath: new vscode.ThemeIcon('book'),
          path,
        })),
    );
    if ((await items).length === 0) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('{0} has not remembered anything yet.', withoutLinks(agent.name)),
      );
      return;
    }
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('What {0} Remembers', agent.name),
      placeHolder: vscode.l10n.t('Choose a file to open'),
      matchOnDescription: true,
    });
    if (picked === undefined) return;
    await showFile(memoryUri({ agentId: agent.id, path: picked.path }));
  }

  #sayChanged(agentId: string, change: MemoryChange, paths: readonly string[]): void {
    const view = vscode.l10n.t('View Changes');
    const text = vscode.l10n.t(
      '{0} has changed since. Nothing was put back, so that no later change is lost.',
      withoutLinks(paths.map(shownPath).join(', ')),
    );
    // Not awaited with the undo: the message may stay for as long as it likes.
    void vscode.window.showWarningMessage(text, view).then(async (answer) => {
      if (answer !== view) return;
      await showDiff(paths, (path) => ({
        left: memoryVersionUri({ agentId, path }, change.to),
        right: memoryUri({ agentId, path }),
      }));
    });
  }
}

/** Not `vscode.open`: from a diff that shows the file it would stay there. Only that one opens what is not text. */
async function showFile(uri: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri).then(
    (opened) => opened,
    () => null,
  );
  if (document === null) await vscode.commands.executeCommand('vscode.open', uri);
  else await vscode.window.showTextDocument(document, { preview: false });
}

/** One file in the diff editor, several in the editor for several. */
async function showDiff(
  paths: readonly string[],
  sidesOf: (path: string) => { readonly left: vscode.Uri; readonly right: vscode.Uri },
): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  if (paths.length === 1) {
    const { left, right } = sidesOf(first);
    const title = vscode.l10n.t('{0} (before ↔ after)', shownPath(first));
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
    return;
  }
  const rows = paths.map((path) => {
    const { left, right } = sidesOf(path);
    return [right, left, right];
  });
  await vscode.commands.executeCommand('vscode.changes', vscode.l10n.t('Memory (before ↔ after)'), rows);
}

function changeOf(session: Session, noticeId: string): MemoryChange | null {
  for (const turn of session.state.transcript.turns.toReversed()) {
    for (const part of turn.parts)
      if (part.kind === 'notice' && part.id === noticeId) return part.memory ?? null;
  }
  return null;
}

/** VS Code draws `$(name)` in a list as an icon. */
function withoutIcons(text: string): string {
  return text.replaceAll('$(', '\\$(');
}

/** VS Code makes links, of commands too, out of `[words](address)` in a message. */
function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

import * as path from 'node:path';
import * as vscode from 'vscode';

/** A file named by an agent or a chip: an absolute path, or one below a workspace folder. Null where there is none. */
export async function findFile(shown: string): Promise<vscode.Uri | null> {
  for (const candidate of candidates(shown)) {
    try {
      const stat = await vscode.workspace.fs.stat(candidate);
      if ((stat.type & vscode.FileType.Directory) === 0) return candidate;
    } catch (error) {
      // Not there: the next candidate. Any other failure (no permission) means the same to the person.
      if (!(error instanceof vscode.FileSystemError)) throw error;
    }
  }
  return null;
}

export async function openFile(shown: string, line: number | null): Promise<boolean> {
  const uri = await findFile(shown);
  if (uri === null) return false;
  const position = line === null ? null : new vscode.Position(Math.max(0, line - 1), 0);
  await vscode.window.showTextDocument(uri, {
    preview: true,
    ...(position === null ? {} : { selection: new vscode.Range(position, position) }),
  });
  return true;
}

/** The open document of a file, if it has unsaved changes. */
export function dirtyDocument(shown: string): vscode.TextDocument | null {
  const wanted = new Set(candidates(shown).map((uri) => uri.toString()));
  return (
    vscode.workspace.textDocuments.find(
      (document) => document.isDirty && wanted.has(document.uri.toString()),
    ) ?? null
  );
}

function candidates(shown: string): readonly vscode.Uri[] {
  if (shown.includes('\0')) return [];
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (path.isAbsolute(shown)) {
    return [vscode.Uri.file(shown), ...folders.map((folder) => folder.uri.with({ path: shown }))];
  }
  return folders.flatMap((folder) => {
    const inFolder = vscode.Uri.joinPath(folder.uri, shown);
    // With several folders the chip's path begins with the folder's name.
    const prefix = `${folder.name}/`;
    return shown.startsWith(prefix)
      ? [inFolder, vscode.Uri.joinPath(folder.uri, shown.slice(prefix.length))]
      : [inFolder];
  });
}

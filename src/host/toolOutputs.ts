import * as vscode from 'vscode';
import type { Disposable } from '../core/ports.ts';
import type { Session } from '../core/session.ts';
import type { ToolPart } from '../shared/transcript.ts';

const SCHEME = 'letta-output';

/** Whole outputs of tools as read-only documents. The text is taken when the document is opened. */
export class ToolOutputs implements vscode.TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #registration: vscode.Disposable;
  readonly #closed: vscode.Disposable;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
    this.#closed = vscode.workspace.onDidCloseTextDocument((document) => {
      if (document.uri.scheme === SCHEME) this.#texts.delete(document.uri.path);
    });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? '';
  }

  async show(session: Session, callId: string): Promise<void> {
    const part = findTool(session, callId);
    if (part === null) return;
    const path = `/${encodeURIComponent(callId)}/${part.name.replaceAll(/[^\w.-]/g, '_')}.txt`;
    this.#texts.set(path, `${part.args}\n\n${part.output}`);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: SCHEME, path }));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#closed.dispose();
    this.#texts.clear();
  }
}

function findTool(session: Session, callId: string): ToolPart | null {
  for (const turn of session.state.transcript.turns.toReversed()) {
    for (const part of turn.parts) if (part.kind === 'tool' && part.id === callId) return part;
  }
  return null;
}

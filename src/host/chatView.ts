import * as vscode from 'vscode';
import type { Disposable } from '../core/ports.ts';
import type { PanelController } from './panelController.ts';
import { webviewContent, webviewOptions } from './webviewContent.ts';

export const CHAT_VIEW_ID = 'letta.chat';

/** The chat in the side bar. VS Code makes a new webview when the view moves, and a new page when it is shown again. */
export class ChatView implements vscode.WebviewViewProvider, Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #controller: PanelController;
  #view: vscode.WebviewView | null = null;
  #subscriptions: Disposable[] = [];

  constructor(extensionUri: vscode.Uri, controller: PanelController) {
    this.#extensionUri = extensionUri;
    this.#controller = controller;
  }

  get controller(): PanelController {
    return this.#controller;
  }

  get isVisible(): boolean {
    return this.#view?.visible ?? false;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#release();
    this.#view = view;
    this.#controller.attach(view.webview);
    this.#subscriptions = [
      view.onDidChangeVisibility(() => {
        if (!view.visible) this.#controller.sleep();
        this.refresh();
      }),
      view.onDidDispose(() => {
        // A moved view is disposed after the new one was resolved.
        if (this.#view !== view) return;
        this.#view = null;
        this.#controller.detach();
        this.#release();
      }),
      this.#controller.onDidChange(() => {
        this.refresh();
      }),
    ];
    view.webview.options = webviewOptions(this.#extensionUri);
    view.webview.html = webviewContent(view.webview, this.#extensionUri);
    this.refresh();
    void this.#controller.session.open();
  }

  /** Title, and the badge while the agent waits for an answer nobody can see. */
  refresh(): void {
    if (this.#view === null) return;
    const isWaiting = this.#controller.session.isWaitingForPerson && !this.#view.visible;
    const badge = isWaiting
      ? { value: 1, tooltip: vscode.l10n.t('The agent waits for your answer') }
      : undefined;
    if (this.#view.badge?.value !== badge?.value) this.#view.badge = badge;
  }

  async reveal(): Promise<void> {
    await vscode.commands.executeCommand(`${CHAT_VIEW_ID}.focus`);
    this.#controller.focusComposer();
  }

  dispose(): void {
    this.#release();
    this.#controller.dispose();
  }

  #release(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
  }
}

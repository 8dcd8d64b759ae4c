import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Disposable } from '../core/ports.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import type { PanelController } from './panelController.ts';
import { webviewContent, webviewOptions } from './webviewContent.ts';

export const CHAT_PANEL_TYPE = 'letta.chatPanel';

interface OpenPanel {
  readonly panel: vscode.WebviewPanel;
  readonly controller: PanelController;
}

/** Chats in editor tabs, each with its own conversation; restored after a reload of the window. */
export class ChatPanels implements vscode.WebviewPanelSerializer, Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #newController: (target: SessionTarget) => PanelController;
  readonly #open = new Set<OpenPanel>();
  readonly #registration: vscode.Disposable;

  constructor(extensionUri: vscode.Uri, newController: (target: SessionTarget) => PanelController) {
    this.#extensionUri = extensionUri;
    this.#newController = newController;
    this.#registration = vscode.window.registerWebviewPanelSerializer(CHAT_PANEL_TYPE, this);
  }

  get controllers(): readonly PanelController[] {
    return [...this.#open].map(({ controller }) => controller);
  }

  get active(): PanelController | null {
    return [...this.#open].find(({ panel }) => panel.active)?.controller ?? null;
  }

  isVisible(controller: PanelController): boolean {
    return [...this.#open].some((one) => one.controller === controller && one.panel.visible);
  }

  create(target: SessionTarget): PanelController {
    const panel = vscode.window.createWebviewPanel(
      CHAT_PANEL_TYPE,
      'Letta',
      { viewColumn: vscode.ViewColumn.Active, preserveFocus: false },
      { ...webviewOptions(this.#extensionUri), enableFindWidget: true },
    );
    return this.#adopt(panel, target);
  }

  reveal(controller: PanelController): void {
    [...this.#open].find((one) => one.controller === controller)?.panel.reveal();
    controller.focusComposer();
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    panel.webview.options = webviewOptions(this.#extensionUri);
    this.#adopt(panel, targetFromState(state));
    return Promise.resolve();
  }

  dispose(): void {
    this.#registration.dispose();
    for (const { controller } of this.#open) controller.dispose();
    this.#open.clear();
  }

  #adopt(panel: vscode.WebviewPanel, target: SessionTarget): PanelController {
    const controller = this.#newController(target);
    const entry: OpenPanel = { panel, controller };
    this.#open.add(entry);
    controller.attach(panel.webview);
    panel.iconPath = vscode.Uri.joinPath(this.#extensionUri, 'media', 'letta.svg');
    const retitle = (): void => {
      const title = controller.session.state.conversation?.title ?? '';
      const shown = title === '' ? vscode.l10n.t('New conversation') : title;
      if (panel.title !== shown) panel.title = shown;
    };
    const changes = controller.onDidChange(retitle);
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.sleep();
    });
    panel.onDidDispose(() => {
      changes.dispose();
      this.#open.delete(entry);
      controller.dispose();
    });
    panel.webview.html = webviewContent(panel.webview, this.#extensionUri);
    retitle();
    void controller.session.open();
    return controller;
  }
}

/** The webview keeps the key of what it shows with its draft: `agent/conversation`. */
function targetFromState(state: unknown): SessionTarget {
  const draft = isObject(state) && 'draft' in state ? state.draft : null;
  const key = isObject(draft) && 'key' in draft && typeof draft.key === 'string' ? draft.key : '';
  const [agentId, conversationId] = key.split('/', 2);
  const isKnown = conversationId !== undefined && !conversationId.startsWith('new:');
  return {
    agentId: agentId === undefined || agentId === '' || agentId === 'none' ? null : agentId,
    conversationId: isKnown ? conversationId : null,
    title: null,
    newId: isKnown || conversationId === undefined ? randomUUID() : conversationId.slice('new:'.length),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

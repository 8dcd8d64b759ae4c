import * as vscode from 'vscode';
import type { Logger } from '../core/ports.ts';
import type { RequestBody, WebviewMessage } from '../shared/protocol.ts';
import type { NoticeAction } from '../shared/transcript.ts';
import { openLink } from './links.ts';
import type { MemoryActions } from './memoryActions.ts';
import type { PanelController } from './panelController.ts';
import type { ToolOutputs } from './toolOutputs.ts';
import { dirtyDocument, findFile, openFile } from './workspaceFiles.ts';

/** Carries out what a panel asks of VS Code. */
export class PanelRouter {
  readonly #outputs: ToolOutputs;
  readonly #memory: MemoryActions;
  readonly #logger: Logger;
  readonly #onFocus: (controller: PanelController) => void;

  constructor(
    outputs: ToolOutputs,
    memory: MemoryActions,
    logger: Logger,
    onFocus: (controller: PanelController) => void,
  ) {
    this.#outputs = outputs;
    this.#memory = memory;
    this.#logger = logger;
    this.#onFocus = onFocus;
  }

  readonly intent = (controller: PanelController, message: WebviewMessage): void => {
    this.#carryOut(controller, message).catch((error: unknown) => {
      this.#logger.error(`"${message.type}" failed`, error);
      void vscode.window.showErrorMessage(
        vscode.l10n.t('Letta: {0}', error instanceof Error ? error.message : String(error)),
      );
    });
  };

  readonly request = async (controller: PanelController, body: RequestBody): Promise<unknown> => {
    switch (body.method) {
      case 'loadOlder':
        return { added: controller.showOlderFromMemory() || (await controller.session.loadOlder()) };
      case 'fileState': {
        const dirty = dirtyDocument(body.path);
        return { isDirty: dirty !== null, canOpen: dirty !== null || (await findFile(body.path)) !== null };
      }
    }
  };

  async #carryOut(controller: PanelController, message: WebviewMessage): Promise<void> {
    const { session } = controller;
    switch (message.type) {
      case 'focusChanged':
        if (message.isFocused) this.#onFocus(controller);
        return;
      case 'openAttachment': {
        const chip = session.state.attachments.find((one) => one.id === message.id);
        if (chip !== undefined) await openOrSay(chip.path, chip.lines?.[0] ?? null);
        return;
      }
      case 'addAttachment':
        await vscode.commands.executeCommand('letta.attachFile');
        return;
      case 'openFile':
        await openOrSay(message.path, message.line);
        return;
      case 'openLink':
        await openLink(message.href);
        return;
      case 'openToolOutput':
        await this.#outputs.show(session, message.toolCallId);
        return;
      case 'saveFile':
        await dirtyDocument(message.path)?.save();
        return;
      case 'queueItem':
        await this.#queueItem(controller, message.clientId, message.action);
        return;
      case 'notice':
        await this.#notice(controller, message.noticeId, message.action);
        return;
      case 'dismissNotice':
        session.dismissNotice(message.noticeId);
        return;
      case 'choose':
        await vscode.commands.executeCommand('letta.choose', message.choiceId);
        return;
      case 'pick':
        await vscode.commands.executeCommand(PICK_COMMANDS[message.what]);
        return;
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
        return;
      case 'insertAtCursor':
        await insertAtCursor(message.text);
        return;
      case 'ready':
      case 'resync':
      case 'ack':
      case 'submit':
      case 'stop':
      case 'answerApproval':
      case 'draftChanged':
      case 'removeAttachment':
      case 'webviewError':
      case 'request':
        throw new Error(`${message.type} is the controller's`);
    }
  }

  async #queueItem(
    controller: PanelController,
    clientId: string,
    action: 'edit' | 'remove' | 'sendNow',
  ): Promise<void> {
    if (action === 'sendNow') {
      controller.session.sendQueuedNow();
      return;
    }
    const message = await controller.session.takeQueued(clientId);
    if (message === null)
      void vscode.window.showInformationMessage(vscode.l10n.t('This message was sent already.'));
    else if (action === 'edit') {
      controller.addToDraft(message.text);
      controller.session.composer.giveBack(message.attachments);
    }
  }

  async #notice(controller: PanelController, noticeId: string, action: NoticeAction): Promise<void> {
    const { session } = controller;
    switch (action) {
      case 'retry':
        session.retry(noticeId);
        return;
      case 'continue':
        session.continueTurn();
        return;
      case 'sendAgain':
        session.sendAgain(noticeId);
        return;
      case 'readAgain':
        await session.readAgain();
        return;
      case 'stopAndFixKey':
        session.stop();
        await vscode.commands.executeCommand('letta.connectProvider');
        return;
      case 'continueInFork':
        await continueInFork(controller);
        return;
      case 'reconnect':
        await session.open();
        return;
      case 'showLog':
        await vscode.commands.executeCommand('letta.showLog');
        return;
      case 'fixKey':
        await vscode.commands.executeCommand('letta.connectProvider');
        return;
      case 'chooseModel':
        await vscode.commands.executeCommand('letta.chooseModel');
        return;
      case 'restartRuntime':
        await vscode.commands.executeCommand('letta.restartRuntime');
        return;
      case 'installGit':
        await openLink('https://git-scm.com/downloads');
        return;
      case 'newConversation':
        await vscode.commands.executeCommand('letta.newConversation');
        return;
      case 'viewMemory':
        await this.#memory.view(session, noticeId);
        return;
      case 'undoMemory':
        await this.#memory.undo(session, noticeId);
        return;
    }
  }
}

/** The stopped model holds this conversation: what waits in it goes on in a copy, which it does not hold. */
async function continueInFork(controller: PanelController): Promise<void> {
  const fork = await controller.session.fork();
  if (fork === null) return;
  const session = controller.show(fork.target);
  for (const message of fork.waiting) session.resubmit(message);
}

const PICK_COMMANDS = {
  agent: 'letta.switchAgent',
  conversation: 'letta.switchConversation',
  model: 'letta.chooseModel',
} as const;

async function openOrSay(path: string, line: number | null): Promise<void> {
  if (!(await openFile(path, line))) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} is not there (any more).', path));
  }
}

async function insertAtCursor(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) {
    const document = await vscode.workspace.openTextDocument({ content: text });
    await vscode.window.showTextDocument(document);
    return;
  }
  await editor.edit((edit) => {
    edit.replace(editor.selection, text);
  });
  await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

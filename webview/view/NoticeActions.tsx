import type { PanelStrings } from '../../src/shared/strings.ts';
import type { NoticeAction } from '../../src/shared/transcript.ts';
import { usePanel, useStrings } from './panelContext.ts';

interface NoticeActionsProps {
  readonly noticeId: string;
  readonly actions: readonly NoticeAction[];
  /** What they are about, where the row has the same buttons as others: said by screen readers. */
  readonly about?: string;
}

/** What helps, as words that can be pressed. */
export function NoticeActions({ noticeId, actions, about }: NoticeActionsProps) {
  const { host } = usePanel();
  const strings = useStrings();
  if (actions.length === 0) return null;
  return (
    <span class="actions">
      {actions.map((action) => (
        <button
          key={action}
          type="button"
          class="link"
          aria-label={about === undefined ? undefined : `${actionText(action, strings)}: ${about}`}
          onClick={() => {
            host.post({ type: 'notice', noticeId, action });
          }}
        >
          {actionText(action, strings)}
        </button>
      ))}
    </span>
  );
}

function actionText(action: NoticeAction, strings: PanelStrings): string {
  switch (action) {
    case 'retry':
      return strings.actionRetry;
    case 'continue':
      return strings.actionContinue;
    case 'sendAgain':
      return strings.actionSendAgain;
    case 'showLog':
      return strings.actionShowLog;
    case 'fixKey':
      return strings.actionFixKey;
    case 'stopAndFixKey':
      return strings.actionStopAndFixKey;
    case 'chooseModel':
      return strings.actionChooseModel;
    case 'restartRuntime':
      return strings.actionRestartRuntime;
    case 'readAgain':
      return strings.actionReadAgain;
    case 'reconnect':
      return strings.actionReconnect;
    case 'installGit':
      return strings.actionInstallGit;
    case 'newConversation':
      return strings.actionNewConversation;
    case 'continueInFork':
      return strings.actionContinueInFork;
    case 'viewMemory':
      return strings.actionViewMemory;
    case 'undoMemory':
      return strings.actionUndoMemory;
  }
}

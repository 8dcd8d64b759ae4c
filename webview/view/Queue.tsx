import type { QueuedMessage } from '../../src/shared/panel.ts';
import { format, type PanelStrings } from '../../src/shared/strings.ts';
import { Icon } from './Icon.tsx';
import { IconButton } from './IconButton.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Messages that were typed and are not in the conversation yet. */
export function Queue() {
  const { store } = usePanel();
  const strings = useStrings();
  const queue = store.queue.value;
  if (queue.length === 0) return null;
  return (
    <ul class="queue" aria-label={strings.queued}>
      {queue.map((message) => (
        <QueueRow key={message.clientId} message={message} />
      ))}
    </ul>
  );
}

const SHOWN_LENGTH = 300;

function QueueRow({ message }: { readonly message: QueuedMessage }) {
  const { host } = usePanel();
  const strings = useStrings();
  const act = (action: 'edit' | 'remove' | 'sendNow') => () => {
    host.post({ type: 'queueItem', clientId: message.clientId, action });
  };
  const isHeld = message.state === 'paused' || message.state === 'unsent';
  return (
    <li class="queued">
      <Icon name={queueIcon(message.state)} />
      <span class="clip" dir="auto" title={message.text.slice(0, 2000)}>
        {format(
          queueTemplate(message.state, strings),
          message.text.slice(0, SHOWN_LENGTH).replaceAll(/\s+/g, ' '),
        )}
      </span>
      {message.attachmentCount > 0 && (
        <span class="quiet">{format(strings.attachmentCount, message.attachmentCount)}</span>
      )}
      <span class="buttons">
        {isHeld && <IconButton icon="arrow-up" label={strings.sendNow} onClick={act('sendNow')} />}
        {message.state !== 'sending' && (
          <>
            <IconButton icon="edit" label={strings.editQueued} onClick={act('edit')} />
            <IconButton icon="close" label={strings.removeQueued} onClick={act('remove')} />
          </>
        )}
      </span>
    </li>
  );
}

function queueIcon(state: QueuedMessage['state']): string {
  switch (state) {
    case 'sending':
    case 'queued':
      return 'list-ordered';
    case 'paused':
      return 'debug-pause';
    case 'unsent':
      return 'mail';
  }
}

function queueTemplate(state: QueuedMessage['state'], strings: PanelStrings): string {
  switch (state) {
    case 'sending':
      return strings.queuedSending;
    case 'queued':
      return strings.queuedNext;
    case 'paused':
      return strings.queuedPaused;
    case 'unsent':
      return strings.queuedUnsent;
  }
}

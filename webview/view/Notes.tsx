import type { LinkView, PanelNotice } from '../../src/shared/panel.ts';
import { duration } from '../../src/shared/selectors.ts';
import { format } from '../../src/shared/strings.ts';
import { Icon } from './Icon.tsx';
import { IconButton } from './IconButton.tsx';
import { NoticeActions } from './NoticeActions.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** The way to the server, when it matters, and what the host has to say apart from any turn. */
export function Notes() {
  const { store } = usePanel();
  const link = store.link.value;
  const isFailed = link.state === 'failed';
  const isShown = link.text !== '' && link.state !== 'ready';
  return (
    <>
      {/* There from the beginning: a live region says only what comes into it later. */}
      <div role="status" class="link-state">
        {isShown && !isFailed && <LinkNote link={link} />}
      </div>
      {isShown && isFailed && (
        <div role="alert">
          <LinkNote link={link} />
        </div>
      )}
      {store.notices.value.map((notice) => (
        <Note key={notice.id} notice={notice} />
      ))}
    </>
  );
}

const LINK_ICONS: Readonly<Record<LinkView['state'], string>> = {
  none: 'info',
  starting: 'loading',
  ready: 'check',
  reconnecting: 'debug-disconnect',
  failed: 'error',
};

function LinkNote({ link }: { readonly link: LinkView }) {
  const isQuiet = link.actions.length === 0 && link.detail === '';
  return (
    <div class={link.state === 'failed' ? 'note error' : isQuiet ? 'note bare' : 'note'}>
      <Icon name={LINK_ICONS[link.state]} />
      <div class="said">
        <b>{link.text}</b>
        {link.retryAt !== null && <TriedAgain at={link.retryAt} />}
        {link.detail !== '' && <span dir="auto">{link.detail}</span>}
        <NoticeActions noticeId="link" actions={link.actions} />
      </div>
    </div>
  );
}

/** Counts down; not said aloud every second. */
function TriedAgain({ at }: { readonly at: number }) {
  const { host } = usePanel();
  const strings = useStrings();
  const left = at - host.now.value;
  return (
    <span aria-live="off">
      {left > 500 ? format(strings.reconnectingIn, duration(left, strings)) : strings.reconnecting}
    </span>
  );
}

const LEVEL_ICONS: Readonly<Record<PanelNotice['level'], string>> = {
  info: 'info',
  warning: 'warning',
  error: 'error',
};

function Note({ notice }: { readonly notice: PanelNotice }) {
  const { host } = usePanel();
  const strings = useStrings();
  const isError = notice.level === 'error';
  return (
    <div class={isError ? 'note error' : `note ${notice.level}`} role={isError ? 'alert' : 'note'}>
      <Icon name={LEVEL_ICONS[notice.level]} />
      <div class="said">
        <span dir="auto">{notice.text}</span>
        {notice.detail !== '' && (
          <span class="quiet" dir="auto">
            {notice.detail}
          </span>
        )}
        <NoticeActions noticeId={notice.id} actions={notice.actions} />
      </div>
      <IconButton
        icon="close"
        label={strings.dismiss}
        onClick={() => {
          host.post({ type: 'dismissNotice', noticeId: notice.id });
        }}
      />
    </div>
  );
}

import type { ReadonlySignal } from '@preact/signals';
import { duration } from '../../src/shared/selectors.ts';
import { format, type PanelStrings } from '../../src/shared/strings.ts';
import type { NoticePart, Part, RetryInfo } from '../../src/shared/transcript.ts';
import { MemoryRow } from './MemoryRow.tsx';
import { NoticeActions } from './NoticeActions.tsx';
import { Row } from './Row.tsx';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

interface NoticeRowProps {
  readonly part: ReadonlySignal<Part>;
  readonly isClosed: ReadonlySignal<boolean>;
}

/** Anything said about a turn: a quiet row, or a note where the person may have to do something. */
export function NoticeRow({ part, isClosed }: NoticeRowProps) {
  const { value } = part;
  if (value.kind !== 'notice') return null;
  if (value.memory !== undefined) return <MemoryRow notice={value} memory={value.memory} />;
  if (value.level === 'info' && value.actions.length === 0) return <QuietNotice notice={value} />;
  return <LoudNotice notice={value} isOver={isClosed.value} />;
}

function QuietNotice({ notice }: { readonly notice: NoticePart }) {
  const panel = usePanel();
  const strings = useStrings();
  const isExpanded = panel.expanded.value.get(notice.id) === true;
  return (
    <div class="entry">
      <Row
        icon={quietIcon(notice)}
        title={notice.text || strings.unknownEvent}
        isExpanded={notice.detail === '' ? null : isExpanded}
        onToggle={() => {
          panel.setExpanded(notice.id, !isExpanded);
        }}
      />
      {isExpanded && (
        <div class="details">
          <Detail text={notice.detail} />
        </div>
      )}
    </div>
  );
}

function LoudNotice({ notice, isOver }: { readonly notice: NoticePart; readonly isOver: boolean }) {
  const panel = usePanel();
  const strings = useStrings();
  const isExpanded = panel.expanded.value.get(notice.id) === true;
  const isError = notice.level === 'error';
  return (
    <div class={isError ? 'note error' : 'note'} role={isError ? 'alert' : 'note'}>
      <Icon name={isError ? 'error' : loudIcon(notice)} />
      <div class="said">
        <span dir="auto">{notice.text}</span>
        {notice.retry !== null && !isOver && <Retry retry={notice.retry} strings={strings} />}
        <NoticeActions noticeId={notice.id} actions={notice.actions} />
        {notice.detail !== '' && (
          <button
            type="button"
            class="link"
            aria-expanded={isExpanded}
            onClick={() => {
              panel.setExpanded(notice.id, !isExpanded);
            }}
          >
            {strings.details}
          </button>
        )}
        {isExpanded && <Detail text={notice.detail} />}
      </div>
    </div>
  );
}

function Retry({ retry, strings }: { readonly retry: RetryInfo; readonly strings: PanelStrings }) {
  const left = retry.nextAt - usePanel().host.now.value;
  return (
    <span>
      {left > 500
        ? format(strings.retryIn, duration(left, strings), retry.attempt, retry.maxAttempts)
        : format(strings.retryNow, retry.attempt, retry.maxAttempts)}
    </span>
  );
}

function Detail({ text }: { readonly text: string }) {
  const strings = useStrings();
  return (
    <pre class="out" tabIndex={0} role="group" aria-label={strings.details} dir="ltr">
      {text}
    </pre>
  );
}

function quietIcon(notice: NoticePart): string {
  switch (notice.code) {
    case 'memory':
      return 'lightbulb-sparkle';
    case 'compacted':
      return 'fold';
    case 'command':
      return 'terminal';
    case 'retrying':
      return 'sync';
    case 'error':
    case 'interrupted':
    case 'info':
    case 'unknown':
      return 'info';
  }
}

function loudIcon(notice: NoticePart): string {
  if (notice.code === 'interrupted') return 'debug-disconnect';
  return notice.code === 'retrying' ? 'sync' : 'warning';
}

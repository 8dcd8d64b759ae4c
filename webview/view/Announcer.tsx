import { useEffect, useRef } from 'preact/hooks';
import { format } from '../../src/shared/strings.ts';
import { approvalQuestion } from './approvalText.ts';
import { usePanel, useStrings } from './panelContext.ts';

/** The two live regions: turn ends are said when the reader pauses, approvals at once. */
export function Announcer() {
  const panel = usePanel();
  const strings = useStrings();
  const announcement = panel.announcement.value;
  const announced = useRef('');
  const first = panel.store.isLive.value ? panel.store.approvals.value[0]?.part : undefined;
  useEffect(() => {
    const approval = first?.approval;
    if (first === undefined || approval?.state !== 'pending' || announced.current === approval.requestId)
      return;
    announced.current = approval.requestId;
    const { question, subject } = approvalQuestion(first, strings);
    panel.announce(format(strings.approvalAnnounce, question, subject), true);
  }, [first, panel, strings]);
  const line = (isUrgent: boolean) =>
    announcement?.isUrgent === isUrgent ? <span key={announcement.id}>{announcement.text}</span> : null;
  return (
    <div class="unseen">
      <div aria-live="polite">{line(false)}</div>
      <div aria-live="assertive">{line(true)}</div>
    </div>
  );
}

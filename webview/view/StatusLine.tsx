import type { Activity } from '../../src/shared/panel.ts';
import { duration, tokenCount } from '../../src/shared/selectors.ts';
import type { PanelStrings } from '../../src/shared/strings.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** What goes on now, in words; at its end the way back to the newest text. */
export function StatusLine() {
  const panel = usePanel();
  const strings = useStrings();
  const isIdle = panel.store.activity.value.phase === 'idle' || !panel.store.isLive.value;
  const hasTurns = panel.store.turns.value.length > 0;
  const isPillShown = hasTurns && !panel.isFollowing.value;
  if (isIdle && !isPillShown) return null;
  return (
    <div class="status">
      {!isIdle && <Going />}
      <span class="grow" />
      {isPillShown && (
        <button
          type="button"
          class="pill"
          onClick={() => {
            panel.isFollowing.value = true;
          }}
        >
          <Icon name="arrow-down" />
          {strings.latest}
        </button>
      )}
    </div>
  );
}

function Going() {
  const panel = usePanel();
  const strings = useStrings();
  const activity = panel.store.activity.value;
  const isStopping = panel.isStopRequested.value && activity.phase !== 'stillStopping';
  const words = isStopping ? strings.statusStopping : phaseText(activity.phase, strings);
  const figures =
    isStopping || activity.phase === 'stopping'
      ? []
      : [
          activity.since > 0 ? duration(panel.host.now.value - activity.since, strings) : '',
          activity.tokens > 0 ? tokenCount(activity.tokens, activity.isEstimated, strings) : '',
        ];
  return (
    <>
      <Icon name={activity.phase === 'waitingForApproval' ? 'circle-large-outline' : 'loading'} />
      <span class="going">{[words, ...figures].filter((text) => text !== '').join(' · ')}</span>
    </>
  );
}

function phaseText(phase: Activity['phase'], strings: PanelStrings): string {
  switch (phase) {
    case 'idle':
      return '';
    case 'sending':
      return strings.statusSending;
    case 'waitingForModel':
      return strings.statusReadingPrompt;
    case 'thinking':
      return strings.statusThinking;
    case 'writing':
      return strings.statusWriting;
    case 'preparingTool':
      return strings.statusPreparingTool;
    case 'runningTool':
      return strings.statusRunningTool;
    case 'waitingForApproval':
      return strings.statusWaitingForApproval;
    case 'retrying':
      return strings.statusRetrying;
    case 'stopping':
      return strings.statusStopping;
    case 'stillStopping':
      return strings.statusStillStopping;
  }
}

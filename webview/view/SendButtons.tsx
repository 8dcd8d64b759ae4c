import { useComputed } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** The button changes its meaning under the pointer; a click so soon after was meant for the old one. */
const GUARD_MS = 400;

export function SendButtons() {
  const panel = usePanel();
  const strings = useStrings();
  const isLive = panel.store.isLive.value;
  const isRunning = isLive && panel.store.activity.value.phase !== 'idle';
  const hasText = useComputed(() => panel.draftBox.draft.value.text.trim() !== '').value;
  const changedAt = useRef<number | null>(null);
  const wasRunning = useRef<boolean | null>(null);
  useLayoutEffect(() => {
    if (!isLive) return;
    // What the first snapshot says is no change under the pointer.
    if (wasRunning.current !== null && wasRunning.current !== isRunning)
      changedAt.current = performance.now();
    wasRunning.current = isRunning;
  }, [isLive, isRunning]);
  const isTooSoon = (event: MouseEvent): boolean =>
    changedAt.current !== null && event.timeStamp - changedAt.current < GUARD_MS;
  const isStopping =
    panel.isStopRequested.value ||
    panel.store.activity.value.phase === 'stopping' ||
    panel.store.activity.value.phase === 'stillStopping';
  return (
    <>
      {isRunning && hasText && (
        <button
          type="button"
          class="send"
          aria-label={strings.sendNext}
          title={strings.sendNext}
          onClick={() => {
            panel.submit();
          }}
        >
          <Icon name="arrow-up" />
        </button>
      )}
      <button
        type="button"
        class={isRunning ? 'send stop' : hasText ? 'send on' : 'send'}
        aria-label={isRunning ? strings.stop : strings.send}
        title={isRunning ? strings.stop : strings.send}
        aria-disabled={isRunning ? isStopping : !hasText}
        onClick={(event) => {
          if (isTooSoon(event)) return;
          if (!isRunning) panel.submit();
          else if (!isStopping) panel.stop();
        }}
      >
        <Icon name={isRunning ? 'debug-stop' : 'arrow-up'} />
      </button>
    </>
  );
}

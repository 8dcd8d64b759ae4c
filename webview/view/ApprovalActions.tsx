import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isComposing } from './isComposing.ts';
import { usePanel, useStrings } from './panelContext.ts';

/** A click so soon after a card took another's place was meant for that one. */
const GUARD_MS = 400;

interface ApprovalActionsProps {
  /** Guessed to be risky: no button stands out. */
  readonly isFlagged: boolean;
  readonly isReplacing: boolean;
  /** Answered, and the answer is on its way. */
  readonly decision: 'allow' | 'deny' | null;
  readonly onDecide: (decision: 'allow' | 'deny', reason: string) => void;
}

export function ApprovalActions({ isFlagged, isReplacing, decision, onDecide }: ApprovalActionsProps) {
  const strings = useStrings();
  const isDenying = useSignal(false);
  const shownAt = useRef(performance.now());
  if (decision !== null) {
    return (
      <div class="acts">
        <button type="button" class="btn two" aria-disabled={true}>
          {decision === 'allow' ? strings.allowing : strings.denying}
        </button>
      </div>
    );
  }
  if (isDenying.value) {
    return (
      <DenyForm
        onDeny={(reason) => {
          onDecide('deny', reason);
        }}
        onCancel={() => {
          isDenying.value = false;
        }}
      />
    );
  }
  const isTooSoon = (event: MouseEvent): boolean =>
    isReplacing && event.detail > 0 && event.timeStamp - shownAt.current < GUARD_MS;
  return (
    <div class="acts">
      <button
        type="button"
        class={isFlagged ? 'btn two' : 'btn'}
        onClick={(event) => {
          if (!isTooSoon(event)) onDecide('allow', '');
        }}
      >
        {strings.allow}
      </button>
      <button
        type="button"
        class="btn two"
        onClick={(event) => {
          if (!isTooSoon(event)) isDenying.value = true;
        }}
      >
        {strings.denyWithReason}
      </button>
    </div>
  );
}

interface DenyFormProps {
  readonly onDeny: (reason: string) => void;
  readonly onCancel: () => void;
}

/** Why not, if the person wants to say; the agent reads it. */
function DenyForm({ onDeny, onCancel }: DenyFormProps) {
  const panel = usePanel();
  const strings = useStrings();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  const deny = (): void => {
    onDeny(field.current?.value.trim() ?? '');
  };
  return (
    <div class="deny">
      <textarea
        ref={field}
        rows={1}
        aria-label={strings.denyReason}
        placeholder={strings.denyReasonHint}
        dir="auto"
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            deny();
          } else if (event.key === 'Escape') {
            event.preventDefault();
            onCancel();
            panel.focus();
          }
        }}
      />
      <div class="acts">
        <button type="button" class="btn two" onClick={deny}>
          {strings.deny}
        </button>
        <button type="button" class="btn two" onClick={onCancel}>
          {strings.cancel}
        </button>
      </div>
    </div>
  );
}

import { useEffect, useRef } from 'preact/hooks';
import { lastPrompt } from '../../src/shared/selectors.ts';
import { format } from '../../src/shared/strings.ts';
import { visible } from '../../src/shared/visible.ts';
import { AttachmentChip } from './AttachmentChip.tsx';
import { Icon } from './Icon.tsx';
import { SendButtons } from './SendButtons.tsx';
import { isComposing } from './isComposing.ts';
import { usePanel, useStrings } from './panelContext.ts';
import { useEffectNow } from './useEffectNow.ts';

/** Where the person types. The text is the panel's draft: it outlives reloads, moves and disconnections. */
export function Composer() {
  const strings = useStrings();
  const { host, store } = usePanel();
  const { value: model } = store.model;
  return (
    <div class="box">
      <Chips />
      <Message />
      <div class="tools">
        <button
          type="button"
          class="ico"
          aria-label={strings.addAttachment}
          title={strings.addAttachment}
          onClick={() => {
            host.post({ type: 'addAttachment' });
          }}
        >
          <Icon name="add" />
          {store.attachments.value.length > 0 && <span>{strings.add}</span>}
        </button>
        {store.agent.value !== null && (
          <button
            type="button"
            class="pick"
            aria-label={model === null ? strings.noModel : format(strings.chooseModel, model.label)}
            title={model?.handle ?? strings.noModel}
            onClick={() => {
              host.post({ type: 'pick', what: 'model' });
            }}
          >
            <span class="clip">{model === null ? strings.noModel : visible(model.label).text}</span>
            <Icon name="chevron-down" />
          </button>
        )}
        <span class="grow" />
        <SendButtons />
      </div>
    </div>
  );
}

function Chips() {
  const { host, store } = usePanel();
  const strings = useStrings();
  const attachments = store.attachments.value;
  if (attachments.length === 0) return null;
  return (
    <ul class="chips" aria-label={strings.attachedContext}>
      {attachments.map((attachment) => (
        <AttachmentChip
          key={attachment.id}
          attachment={attachment}
          onOpen={() => {
            host.post({ type: 'openAttachment', id: attachment.id });
          }}
          onRemove={() => {
            host.post({ type: 'removeAttachment', id: attachment.id });
          }}
        />
      ))}
    </ul>
  );
}

function Message() {
  const panel = usePanel();
  const strings = useStrings();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffectNow(() => {
    const { text } = panel.draftBox.draft.value;
    if (field.current !== null && field.current.value !== text) field.current.value = text;
  }, [panel]);
  const { value: focusCount } = panel.focusCount;
  useEffect(() => {
    if (focusCount > 0) field.current?.focus();
  }, [focusCount]);
  return (
    <textarea
      ref={field}
      class="text"
      rows={1}
      aria-label={strings.message}
      placeholder={usePlaceholder()}
      dir="auto"
      onInput={(event) => {
        panel.draftBox.setText(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (isComposing(event)) return;
        if (event.key === 'Enter' && !event.shiftKey) {
          event.preventDefault();
          panel.submit();
        } else if (event.key === 'Escape') {
          escape();
        } else if (event.key === 'ArrowUp' && event.currentTarget.value === '') {
          const text = lastPrompt(panel.store.transcript);
          if (text === '') return;
          event.preventDefault();
          panel.draftBox.setText(text);
        }
      }}
    />
  );

  /** Stops only from an empty composer, and never past an approval that waits. */
  function escape(): void {
    const { store, draftBox } = panel;
    if (draftBox.draft.peek().text !== '' || store.approvals.peek().length > 0) return;
    if (store.activity.peek().phase !== 'idle') panel.stop();
  }
}

function usePlaceholder(): string {
  const { store } = usePanel();
  const strings = useStrings();
  const agent = store.agent.value;
  if (agent === null) return strings.placeholderSetup;
  const isRunning = store.activity.value.phase !== 'idle';
  return format(isRunning ? strings.placeholderNext : strings.placeholderAsk, visible(agent.name).text);
}

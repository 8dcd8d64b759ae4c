import { byteSize, rangeLabel } from '../../src/shared/selectors.ts';
import { format, type PanelStrings } from '../../src/shared/strings.ts';
import { baseName } from '../../src/shared/toolInput.ts';
import type { SentAttachment } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { Icon } from './Icon.tsx';
import { useStrings } from './panelContext.ts';

interface AttachmentChipProps {
  readonly attachment: SentAttachment & { readonly isUnsaved?: boolean };
  readonly onOpen: () => void;
  readonly onRemove?: () => void;
}

/** A file or range that goes, or went, along with a message: its name opens it. */
export function AttachmentChip({ attachment, onOpen, onRemove }: AttachmentChipProps) {
  const strings = useStrings();
  const label = visible(rangeLabel(baseName(attachment.path), attachment.lines)).text;
  return (
    <li class="chip">
      <button type="button" class="chip-open" title={chipTitle(attachment, strings)} onClick={onOpen}>
        <Icon name="symbol-file" />
        <bdi class="clip">{label}</bdi>
        {attachment.isUnsaved === true && (
          <>
            <span class="dot" aria-hidden="true">
              ●
            </span>
            <span class="unseen">{strings.unsavedAttachment}</span>
          </>
        )}
        {attachment.cutBytes > 0 && (
          <>
            <Icon name="warning" tone="warn" />
            <span class="unseen">
              {format(strings.cutAttachment, byteSize(attachment.cutBytes, strings))}
            </span>
          </>
        )}
        {onRemove !== undefined && <span class="size">{byteSize(attachment.sizeBytes, strings)}</span>}
      </button>
      {onRemove !== undefined && (
        <button
          type="button"
          class="chip-remove"
          aria-label={format(strings.removeAttachment, label)}
          title={format(strings.removeAttachment, label)}
          onClick={onRemove}
        >
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

function chipFacts(attachment: AttachmentChipProps['attachment'], strings: PanelStrings): readonly string[] {
  return [
    byteSize(attachment.sizeBytes, strings),
    ...(attachment.cutBytes > 0
      ? [format(strings.cutAttachment, byteSize(attachment.cutBytes, strings))]
      : []),
    ...(attachment.isUnsaved === true ? [strings.unsavedAttachment] : []),
  ];
}

function chipTitle(attachment: AttachmentChipProps['attachment'], strings: PanelStrings): string {
  const path = visible(rangeLabel(attachment.path, attachment.lines)).text;
  return [path, ...chipFacts(attachment, strings)].join(' · ');
}

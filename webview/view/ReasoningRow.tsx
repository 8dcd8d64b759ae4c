import type { ReadonlySignal } from '@preact/signals';
import { format, type PanelStrings } from '../../src/shared/strings.ts';
import type { Part, ReasoningPart } from '../../src/shared/transcript.ts';
import { Markdown } from './Markdown.tsx';
import { Row } from './Row.tsx';
import { usePanel, useStrings } from './panelContext.ts';

interface ReasoningRowProps {
  readonly part: ReadonlySignal<Part>;
  /** Nothing more comes: the turn went on, or ended. */
  readonly isClosed: ReadonlySignal<boolean>;
}

export function ReasoningRow({ part, isClosed }: ReasoningRowProps) {
  const panel = usePanel();
  const strings = useStrings();
  const { value } = part;
  if (value.kind !== 'reasoning') return null;
  const isExpanded = panel.expanded.value.get(value.id) === true;
  const isGrowing = value.endedAt === null && !isClosed.value;
  const words = isGrowing ? { text: strings.thinking, name: strings.thinking } : thoughtWords(value, strings);
  return (
    <div class="entry">
      <Row
        title={words.text}
        label={words.name}
        isExpanded={isExpanded}
        onToggle={() => {
          panel.setExpanded(value.id, !isExpanded);
        }}
      />
      {isExpanded && (
        <div class="details thought">
          <Markdown part={part} isClosed={isClosed} />
        </div>
      )}
    </div>
  );
}

function thoughtWords(
  part: ReasoningPart,
  strings: PanelStrings,
): { readonly text: string; readonly name: string } {
  if (part.startedAt === null || part.endedAt === null)
    return { text: strings.thought, name: strings.thought };
  const seconds = Math.max(0, Math.round((part.endedAt - part.startedAt) / 1000));
  return {
    text: format(strings.thoughtFor, format(strings.seconds, seconds)),
    name: seconds === 1 ? strings.thoughtNameOne : format(strings.thoughtName, seconds),
  };
}

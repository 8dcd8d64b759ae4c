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
  return (
    <div class="entry">
      <Row
        title={isGrowing ? strings.thinking : <Thought part={value} strings={strings} />}
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

interface ThoughtProps {
  readonly part: ReasoningPart;
  readonly strings: PanelStrings;
}

/** "Thought for 4 s", read out as "Thought for 4 seconds". */
function Thought({ part, strings }: ThoughtProps) {
  if (part.startedAt === null || part.endedAt === null) return <>{strings.thought}</>;
  const seconds = Math.max(0, Math.round((part.endedAt - part.startedAt) / 1000));
  const [before, after] = strings.thoughtFor.split('{0}', 2);
  return (
    <>
      {before}
      <span aria-hidden="true">{format(strings.seconds, seconds)}</span>
      <span class="unseen">
        {seconds === 1 ? strings.secondInWords : format(strings.secondsInWords, seconds)}
      </span>
      {after}
    </>
  );
}

import type { ReadonlySignal } from '@preact/signals';
import { duration, toolStateText } from '../../src/shared/selectors.ts';
import { format } from '../../src/shared/strings.ts';
import { diffCounts, toolDiffs, toolKind } from '../../src/shared/toolInput.ts';
import type { Part, ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { Counts } from './Diff.tsx';
import { Output } from './Output.tsx';
import { Row } from './Row.tsx';
import { ToolDetails } from './ToolDetails.tsx';
import { usePanel, useStrings } from './panelContext.ts';
import { toolIcon, toolTitle } from './toolTitle.ts';

const LIVE_LINES = 5;

/** One tool call from its announcement to its result. */
export function ToolRow({ part }: { readonly part: ReadonlySignal<Part> }) {
  const panel = usePanel();
  const strings = useStrings();
  const { value } = part;
  if (value.kind !== 'tool') return null;
  const name = format(strings.toolName, visible(value.name).text, toolStateText(value.state, strings));
  const asked = panel.expanded.value.get(value.id);
  const isLive = value.state === 'running' && value.output !== '' && asked === undefined;
  const isExpanded = isLive || asked === true;
  const hasDetails = value.args !== '' || value.output !== '' || value.approval !== null;
  return (
    <div class="entry" role="group" aria-label={name}>
      <Row
        {...toolIcon(value)}
        title={<Title part={value} />}
        side={<Side part={value} />}
        isExpanded={hasDetails ? isExpanded : null}
        onToggle={() => {
          panel.setExpanded(value.id, !isExpanded);
        }}
      />
      {isLive && (
        <div class="details">
          <Output toolCallId={value.id} output={value.output} maxLines={LIVE_LINES} />
        </div>
      )}
      {isExpanded && !isLive && <ToolDetails part={value} />}
    </div>
  );
}

function Title({ part }: { readonly part: ToolPart }) {
  const strings = useStrings();
  const { before, subject, after, style } = toolTitle(part, strings);
  return (
    <>
      {before}
      {style === 'code' && <code dir="ltr">{subject}</code>}
      {style === 'strong' && <b dir="auto">{subject}</b>}
      {style === 'plain' && <bdi>{subject}</bdi>}
      {after}
    </>
  );
}

/** Elapsed seconds of what runs, lines of what was changed. */
function Side({ part }: { readonly part: ToolPart }) {
  const panel = usePanel();
  const strings = useStrings();
  if (part.state === 'running' && part.startedAt !== null) {
    return <>{duration(panel.host.now.value - part.startedAt, strings)}</>;
  }
  const kind = toolKind(part.name);
  if (part.state === 'done' && (kind === 'edit' || kind === 'write')) {
    return <Counts counts={diffCounts(toolDiffs(part))} />;
  }
  if (kind === 'command' && (part.state === 'done' || part.state === 'failed')) {
    const took = part.startedAt === null || part.endedAt === null ? 0 : part.endedAt - part.startedAt;
    return took < 1000 ? null : <>{duration(took, strings)}</>;
  }
  return null;
}

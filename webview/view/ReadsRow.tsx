import type { ReadonlySignal } from '@preact/signals';
import { toolStateText } from '../../src/shared/selectors.ts';
import { format } from '../../src/shared/strings.ts';
import { toolPath } from '../../src/shared/toolInput.ts';
import type { Part, ToolPart } from '../../src/shared/transcript.ts';
import { Row } from './Row.tsx';
import { ToolRow } from './ToolRow.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Neighbouring reads in one line; each is there when it is opened. */
export function ReadsRow({ parts }: { readonly parts: readonly ReadonlySignal<Part>[] }) {
  const panel = usePanel();
  const strings = useStrings();
  const [first] = parts;
  if (first === undefined) return null;
  if (parts.length === 1) return <ToolRow part={first} />;
  const tools = parts.flatMap((part) => (part.value.kind === 'tool' ? [part.value] : []));
  const isDone = tools.every((tool) => tool.state === 'done');
  const id = `reads:${first.value.id}`;
  const isExpanded = panel.expanded.value.get(id) === true;
  const state = toolStateText(isDone ? 'done' : 'running', strings);
  const count = fileCount(tools);
  return (
    <div class="entry" role="group" aria-label={format(strings.readGroupName, state)}>
      <Row
        title={format(isDone ? strings.readMany : strings.readingMany, count)}
        isExpanded={isExpanded}
        onToggle={() => {
          panel.setExpanded(id, !isExpanded);
        }}
      />
      {isExpanded && (
        <div class="nested">
          {parts.map((part) => (
            <ToolRow key={part.value.id} part={part} />
          ))}
        </div>
      )}
    </div>
  );
}

/** The same file read twice counts once; a call whose path is not known yet counts as a file. */
function fileCount(tools: readonly ToolPart[]): number {
  return new Set(tools.map((tool) => toolPath(tool) || tool.id)).size;
}

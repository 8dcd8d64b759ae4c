import { format } from '../../src/shared/strings.ts';
import { parseInput, toolCommand, toolDiffs, toolKind, toolPath } from '../../src/shared/toolInput.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { Diff } from './Diff.tsx';
import { Output } from './Output.tsx';
import { usePanel, useStrings } from './panelContext.ts';

const OUTPUT_LINES = 200;

/** Input and output of an opened tool row. */
export function ToolDetails({ part }: { readonly part: ToolPart }) {
  const strings = useStrings();
  const diffs = toolDiffs(part);
  return (
    <div class="details">
      {diffs.length > 0 ? (
        diffs.map((diff) => <Diff key={diff.path} diff={diff} />)
      ) : (
        <ToolInput part={part} />
      )}
      {part.output === '' ? (
        part.state === 'done' && diffs.length === 0 && <p class="quiet">{strings.noOutput}</p>
      ) : (
        <Output toolCallId={part.id} output={part.output} maxLines={OUTPUT_LINES} />
      )}
    </div>
  );
}

function ToolInput({ part }: { readonly part: ToolPart }) {
  const { host } = usePanel();
  const strings = useStrings();
  const path = toolPath(part);
  if (toolKind(part.name) === 'read' && path !== '') {
    const shown = visible(path).text;
    return (
      <button
        type="button"
        class="link path"
        aria-label={format(strings.openFile, shown)}
        title={shown}
        onClick={() => {
          host.post({ type: 'openFile', path, line: null });
        }}
      >
        <bdi>{shown}</bdi>
      </button>
    );
  }
  const command = toolKind(part.name) === 'command' ? toolCommand(part) : '';
  const input = parseInput(part.args);
  const text = command === '' ? (input === null ? part.args : JSON.stringify(input, null, 2)) : command;
  if (text === '' || text === '{}') return null;
  return (
    <pre class="cmd" tabIndex={0} role="group" aria-label={strings.input} dir="ltr">
      {visible(text).text}
    </pre>
  );
}

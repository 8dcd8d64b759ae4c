import { format } from '../../src/shared/strings.ts';
import { outputTail } from './outputText.ts';
import { usePanel, useStrings } from './panelContext.ts';

interface OutputProps {
  readonly toolCallId: string;
  readonly output: string;
  readonly maxLines: number;
}

/** The end of what a tool printed; all of it opens in an editor. */
export function Output({ toolCallId, output, maxLines }: OutputProps) {
  const { host } = usePanel();
  const strings = useStrings();
  const tail = outputTail(output, maxLines);
  return (
    <>
      {tail.isCut && (
        <div class="cut">
          {tail.earlierLines > 0 && <span>{format(strings.earlierLines, tail.earlierLines)}</span>}
          <button
            type="button"
            class="link"
            onClick={() => {
              host.post({ type: 'openToolOutput', toolCallId });
            }}
          >
            {strings.showAll}
          </button>
        </div>
      )}
      <pre class="out" tabIndex={0} role="group" aria-label={strings.output} dir="ltr">
        {tail.text}
      </pre>
    </>
  );
}

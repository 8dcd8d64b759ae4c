import { format } from '../../src/shared/strings.ts';
import { diffCounts, type DiffCounts } from '../../src/shared/toolInput.ts';
import type { DiffHunk, FileDiff } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { usePanel, useStrings } from './panelContext.ts';

const SIGNS = { context: ' ', add: '+', remove: '−' } as const;

/** Changes of one file, line by line; the path opens the file. */
export function Diff({ diff }: { readonly diff: FileDiff }) {
  const { host } = usePanel();
  const strings = useStrings();
  const path = visible(diff.path).text;
  return (
    <figure class="diff" aria-label={format(strings.approveChange, path)}>
      <figcaption>
        <button
          type="button"
          class="link path"
          title={path}
          onClick={() => {
            host.post({ type: 'openFile', path: diff.path, line: null });
          }}
        >
          <bdi>{path}</bdi>
        </button>
        <Counts counts={diffCounts([diff])} />
      </figcaption>
      {diff.hunks.length === 0 && diff.unpreviewable !== '' ? (
        <p class="quiet">{format(strings.noPreview, diff.unpreviewable)}</p>
      ) : (
        <div
          class="hunks"
          tabIndex={0}
          role="group"
          aria-label={format(strings.approveChange, path)}
          dir="ltr"
        >
          {diff.hunks.map((hunk, index) => (
            <Hunk key={index} hunk={hunk} />
          ))}
        </div>
      )}
    </figure>
  );
}

function Hunk({ hunk }: { readonly hunk: DiffHunk }) {
  return (
    <div class="hunk">
      {hunk.newStart > 0 && hunk.oldStart > 0 && <div class="at">@ {hunk.newStart}</div>}
      {hunk.lines.map((line, index) => (
        <div key={index} class={`line ${line.type}`}>
          <span class="sign">{SIGNS[line.type]}</span>
          <span class="code-text">{visible(line.text).text}</span>
        </div>
      ))}
    </div>
  );
}

export function Counts({ counts }: { readonly counts: DiffCounts }) {
  const strings = useStrings();
  return (
    <span class="counts">
      {counts.added > 0 && (
        <span class="add">
          <span aria-hidden="true">+{counts.added}</span>
          <span class="unseen">{format(strings.linesAdded, counts.added)}</span>
        </span>
      )}
      {counts.removed > 0 && (
        <span class="del">
          <span aria-hidden="true">−{counts.removed}</span>
          <span class="unseen">{format(strings.linesRemoved, counts.removed)}</span>
        </span>
      )}
    </span>
  );
}

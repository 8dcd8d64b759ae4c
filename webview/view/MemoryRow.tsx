import { memoryTitle, shownPath } from '../../src/shared/memoryText.ts';
import type { MemoryChange, NoticePart } from '../../src/shared/transcript.ts';
import { Counts } from './Diff.tsx';
import { NoticeActions } from './NoticeActions.tsx';
import { Row } from './Row.tsx';
import { usePanel, useStrings } from './panelContext.ts';

interface MemoryRowProps {
  readonly notice: NoticePart;
  readonly memory: MemoryChange;
}

/** The agent changed its memory: what, and the way back. */
export function MemoryRow({ notice, memory }: MemoryRowProps) {
  const panel = usePanel();
  const strings = useStrings();
  const isExpanded = panel.expanded.value.get(notice.id) === true;
  const title = memoryTitle(memory, strings);
  return (
    <div class="entry">
      <div class="memory">
        <Row
          icon="lightbulb-sparkle"
          title={title}
          isExpanded={isExpanded}
          onToggle={() => {
            panel.setExpanded(notice.id, !isExpanded);
          }}
        />
        <span class="after">
          {memory.isUndone && <span>{strings.memoryUndone}</span>}
          <NoticeActions noticeId={notice.id} actions={notice.actions} about={title} />
        </span>
      </div>
      {isExpanded && (
        <ul class="details remembered">
          {memory.files.map((file) => (
            <li key={file.path}>
              <span class="path" dir="ltr">
                {shownPath(file.path)}
              </span>
              <Counts counts={file} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

import { useComputed } from '@preact/signals';
import type { RowSpec } from '../../src/shared/selectors.ts';
import type { TurnModel } from '../store.ts';
import { Markdown } from './Markdown.tsx';
import { NoticeRow } from './NoticeRow.tsx';
import { ReadsRow } from './ReadsRow.tsx';
import { ReasoningRow } from './ReasoningRow.tsx';
import { ToolRow } from './ToolRow.tsx';
import { UserMessage } from './UserMessage.tsx';

interface TurnRowProps {
  readonly turn: TurnModel;
  readonly row: RowSpec;
}

/** Chooses how a part is shown. Each kind subscribes to its own part only. */
export function TurnRow({ turn, row }: TurnRowProps) {
  const isClosed = useComputed(() => turn.state.value === 'ended' || turn.rows.value.at(-1)?.id !== row.id);
  const part = turn.part(row.id);
  if (part === undefined) return null;
  switch (row.kind) {
    case 'user': {
      const { value } = part;
      return value.kind === 'user' ? <UserMessage part={value} /> : null;
    }
    case 'text':
      return <Markdown part={part} isClosed={isClosed} />;
    case 'reasoning':
      return <ReasoningRow part={part} isClosed={isClosed} />;
    case 'tool':
      return <ToolRow part={part} />;
    case 'reads':
      return <ReadsRow parts={row.partIds.flatMap((id) => turn.part(id) ?? [])} />;
    case 'notice':
      return <NoticeRow part={part} isClosed={isClosed} />;
  }
}

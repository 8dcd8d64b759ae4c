import { useEffect, useRef } from 'preact/hooks';
import { ApprovalCard } from './ApprovalCard.tsx';
import { Guarded } from './Guarded.tsx';
import { Notes } from './Notes.tsx';
import { Queue } from './Queue.tsx';
import { StatusLine } from './StatusLine.tsx';
import { usePanel } from './panelContext.ts';

/** Between transcript and composer: all that asks for attention without moving what is read. */
export function Dock() {
  const { store } = usePanel();
  return (
    <div class="dock" inert={!store.isLive.value}>
      <Notes />
      <StatusLine />
      <Guarded>
        <Approvals />
      </Guarded>
      <Queue />
    </div>
  );
}

/** One at a time, in the order they were asked. */
function Approvals() {
  const { store } = usePanel();
  const lastId = useRef<string | null>(null);
  const part = store.isLive.value ? store.approvals.value[0]?.part : undefined;
  const id = part?.approval?.requestId ?? null;
  const isReplacing = lastId.current !== null && lastId.current !== id;
  useEffect(() => {
    lastId.current = id;
  }, [id]);
  if (part === undefined || id === null) return null;
  return <ApprovalCard key={id} part={part} isReplacing={isReplacing} />;
}

import type { ConversationRef } from './lettaConnection.ts';
import type { StampedEvent } from './lettaEvent.ts';
import { INITIAL_FOLD } from './foldState.ts';
import type { FoldState } from './foldState.ts';
import { reduce } from './reduce.ts';
import { conversationText } from './transcriptText.ts';

export interface RecordedEvents {
  readonly ref: ConversationRef;
  readonly events: readonly StampedEvent[];
}

export function foldAll(events: readonly StampedEvent[], start: FoldState = INITIAL_FOLD): FoldState {
  return events.reduce((state, stamped) => reduce(state, stamped).state, start);
}

/** What each conversation of a recording folds to, as a person would see it. */
export function replayText(conversations: readonly RecordedEvents[]): string {
  return conversations
    .map(({ ref, events }) => `=== ${ref.conversationId}\n\n${conversationText(foldAll(events))}`)
    .join('\n');
}

export function replayJson(conversations: readonly RecordedEvents[]): string {
  const replayed = conversations.map(({ ref, events }) => {
    const { transcript, queue } = foldAll(events);
    return { ...ref, transcript, queue };
  });
  return `${JSON.stringify(replayed, null, 2)}\n`;
}

import type { TranscriptPatch } from '../shared/patch.ts';
import { FoldDraft } from './foldDraft.ts';
import { historyRead } from './foldHistory.ts';
import { journalRead } from './foldJournal.ts';
import * as memory from './foldMemory.ts';
import * as notices from './foldNotices.ts';
import * as prompts from './foldPrompts.ts';
import type { FoldState } from './foldState.ts';
import * as stream from './foldStream.ts';
import * as tools from './foldTools.ts';
import type { StampedEvent } from './lettaEvent.ts';

export interface Reduction {
  readonly state: FoldState;
  /** What changed in the transcript: `applyPatches(before, patches)` is `state.transcript`. */
  readonly patches: readonly TranscriptPatch[];
}

/** Folds one event into the conversation. Pure: the same state and event give the same result. */
export function reduce(state: FoldState, stamped: StampedEvent): Reduction {
  const { stamp } = stamped;
  const draft = new FoldDraft(state, stamped);
  if (stamp !== null) {
    const last = state.memory.ordinals.get(stamp.source);
    if (last !== undefined && stamp.ordinal <= last) return { state, patches: [] };
    draft.remember({ ordinals: new Map(state.memory.ordinals).set(stamp.source, stamp.ordinal) });
  }
  apply(draft, stamped);
  return { state: draft.state, patches: draft.patches };
}

function apply(draft: FoldDraft, { event }: StampedEvent): void {
  switch (event.type) {
    case 'messageSubmitted':
      prompts.messageSubmitted(draft, event);
      return;
    case 'messageRejected':
      prompts.messageRejected(draft, event);
      return;
    case 'messageWithdrawn':
      prompts.messageWithdrawn(draft, event);
      return;
    case 'messageNotKept':
      prompts.messageNotKept(draft, event);
      return;
    case 'journalRead':
      journalRead(draft, event);
      return;
    case 'userMessage':
      prompts.userMessage(draft, event);
      return;
    case 'queueChanged':
      prompts.queueChanged(draft, event);
      return;
    case 'stopRequested':
      prompts.stopRequested(draft);
      return;
    case 'stopConfirmed':
      prompts.stopConfirmed(draft);
      return;
    case 'connectionLost':
      prompts.connectionLost(draft, event);
      return;
    case 'phaseChanged':
      stream.phaseChanged(draft, event);
      return;
    case 'textDelta':
    case 'reasoningDelta':
      stream.textDelta(draft, event);
      return;
    case 'usage':
      stream.usage(draft, event);
      return;
    case 'stepStopped':
      stream.stepStopped(draft, event);
      return;
    case 'turnFinished':
      stream.turnFinished(draft, event);
      return;
    case 'toolCalled':
      tools.toolCalled(draft, event);
      return;
    case 'approvalsClassified':
      tools.approvalsClassified(draft, event);
      return;
    case 'approvalAsked':
      tools.approvalAsked(draft, event);
      return;
    case 'approvalAnswered':
      tools.approvalAnswered(draft, event);
      return;
    case 'approvalRefused':
      tools.approvalRefused(draft, event);
      return;
    case 'toolStarted':
      tools.toolStarted(draft, event);
      return;
    case 'toolOutput':
      tools.toolOutput(draft, event);
      return;
    case 'toolReturned':
      tools.toolReturned(draft, event);
      return;
    case 'toolEnded':
      tools.toolEnded(draft, event);
      return;
    case 'retrying':
      notices.retrying(draft, event);
      return;
    case 'failed':
      notices.failed(draft, event);
      return;
    case 'notice':
      notices.said(draft, event);
      return;
    case 'commandRan':
      notices.commandRan(draft, event);
      return;
    case 'compacted':
      notices.compacted(draft, event);
      return;
    case 'remembered':
      memory.remembered(draft, event);
      return;
    case 'memoryUndone':
      memory.memoryUndone(draft, event);
      return;
    case 'unreadable':
      notices.unreadable(draft);
      return;
    case 'unknown':
      notices.unknownEvent(draft, event);
      return;
    case 'historyRead':
      historyRead(draft, event);
      return;
    case 'deviceChanged':
      draft.update({
        mode: event.mode ?? draft.state.mode,
        cwd: event.cwd ?? draft.state.cwd,
        isProcessing: event.isProcessing,
      });
      tools.approvalsListed(draft, event.pendingRequestIds);
      return;
    case 'subagentsChanged':
      draft.update({ runningSubagents: event.running });
      return;
    case 'memoryChanged':
      // Looked into by MemoryWatch, which tells what came of it.
      return;
    case 'fileChanged':
      // Told to the editor by the session; the call that wrote it has its own row.
      return;
  }
}

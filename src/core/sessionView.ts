import { IDLE } from '../shared/panel.ts';
import type {
  Activity,
  LinkView,
  ModelView,
  PanelFields,
  PanelNotice,
  QueuedMessage,
} from '../shared/panel.ts';
import type { Approval, Transcript, Turn } from '../shared/transcript.ts';
import type { AttachmentContent } from './attachments.ts';
import type { FoldState } from './foldState.ts';
import { metricsOf } from './foldTurns.ts';
import { modelView, type Hub } from './hub.ts';
import type { AgentInfo } from './lettaConnection.ts';

/** Which conversation a session is about; `conversationId: null` is a new one, made at the first send. */
export interface SessionTarget {
  readonly agentId: string | null;
  readonly conversationId: string | null;
  /** Null: never named; the first prompt stands in. */
  readonly title: string | null;
  /** Tells two new conversations apart. */
  readonly newId: string;
}

/** A message the person sent before it could be handed to the server. */
export interface HeldMessage {
  readonly clientId: string;
  readonly text: string;
  readonly attachments: readonly AttachmentContent[];
}

export interface SessionFacts {
  readonly target: SessionTarget;
  readonly agent: AgentInfo | null;
  readonly modelHandle: string | null;
  readonly fold: FoldState;
  readonly held: readonly HeldMessage[];
  readonly attachments: readonly AttachmentContent[];
  readonly isOpening: boolean;
  /** Why the conversation could not be opened, in words; '' when it could. */
  readonly openError: string;
  readonly isStopOverdue: boolean;
  readonly notices: readonly PanelNotice[];
  readonly shownFolder: (path: string) => string;
}

const TITLE_LENGTH = 60;

export function sessionKey(target: SessionTarget): string {
  return `${target.agentId ?? 'none'}/${target.conversationId ?? `new:${target.newId}`}`;
}

/** The first line of the first prompt, cut at a word. */
export function titleFrom(text: string): string {
  const line = text.trim().split('\n', 1)[0]?.trim().replaceAll(/\s+/g, ' ') ?? '';
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH);
  const space = cut.lastIndexOf(' ');
  return `${space > TITLE_LENGTH / 2 ? cut.slice(0, space) : cut}…`;
}

export function viewFields(hub: Hub, facts: SessionFacts): PanelFields {
  const { target, agent, fold, held } = facts;
  const handle = facts.modelHandle ?? agent?.modelHandle ?? null;
  const model: ModelView | null = handle === null ? null : modelView(handle, hub.models);
  const setup = agent === null ? hub.setup : null;
  return {
    key: sessionKey(target),
    link: linkOf(hub, facts),
    agent: agent === null ? null : { id: agent.id, name: agent.name },
    conversation: {
      id: target.conversationId ?? '',
      title: target.title ?? titleFrom(firstPrompt(fold.transcript) ?? held[0]?.text ?? ''),
    },
    model,
    mode: target.conversationId === null ? 'standard' : fold.mode,
    place: hub.place,
    folder: fold.cwd === null ? '' : facts.shownFolder(fold.cwd),
    canSend: true,
    blockedReason: blockedReason(hub, facts),
    activity: activityOf(fold, facts.isStopOverdue),
    queue: [...fold.queue.map(queuedPrompt), ...held.map(heldMessage)],
    attachments: facts.attachments.map(({ chip }) => chip),
    notices: [...facts.notices, ...unwindingNotice(fold, facts.isStopOverdue)],
    setup,
  };
}

/** Fields whose content differs, whole. */
export function changedFields(before: PanelFields, after: PanelFields): Partial<PanelFields> {
  const keys = Object.keys(after) as (keyof PanelFields)[]; // PanelFields is built here, without other keys
  return Object.fromEntries(
    keys
      .filter(
        (key) => before[key] !== after[key] && JSON.stringify(before[key]) !== JSON.stringify(after[key]),
      )
      .map((key) => [key, after[key]]),
  );
}

export function turnOf(fold: FoldState, turnId: string | null): Turn | null {
  return turnId === null ? null : (fold.transcript.turns.findLast((turn) => turn.id === turnId) ?? null);
}

/** Seconds, tokens and speed of a finished turn, for the log: no text of anybody. */
export function turnSummary(turn: Turn): string {
  const { startedAt, firstTokenAt, endedAt, outputTokens, inputTokens, isEstimated, steps } = turn.metrics;
  const seconds = (from: number | null, to: number | null): string =>
    from === null || to === null ? '–' : `${((to - from) / 1000).toFixed(1)} s`;
  const approximately = isEstimated ? '≈' : '';
  return [
    `turn ${turn.outcome?.kind ?? turn.state}`,
    `total ${seconds(startedAt, endedAt)}`,
    `first token ${seconds(startedAt, firstTokenAt)}`,
    `${approximately}${String(outputTokens)} tokens out, ${String(inputTokens)} in`,
    `${String(steps)} model calls`,
  ].join(', ');
}

function linkOf(hub: Hub, facts: SessionFacts): LinkView {
  if (hub.link.state === 'ready' && facts.openError !== '') {
    return {
      state: 'failed',
      text: facts.openError,
      detail: '',
      retryAt: null,
      actions: ['reconnect', 'restartRuntime', 'newConversation', 'showLog'],
    };
  }
  return hub.link;
}

function blockedReason(hub: Hub, facts: SessionFacts): string {
  if (facts.agent === null && hub.setup !== null) {
    const asksForAgent = hub.setup.choices.some(({ group }) => group === 'agents');
    return asksForAgent ? 'Kept until you choose an agent' : 'Kept until you choose a model';
  }
  if (hub.link.state === 'failed' || facts.openError !== '') return 'Kept until Letta is back';
  if (hub.link.state !== 'ready' || facts.isOpening) return 'Sent as soon as Letta is ready';
  return '';
}

function firstPrompt(transcript: Transcript): string | null {
  if (transcript.hasOlder) return null;
  for (const turn of transcript.turns) {
    for (const part of turn.parts) if (part.kind === 'user' && part.origin === 'person') return part.text;
  }
  return null;
}

function queuedPrompt(prompt: FoldState['queue'][number]): QueuedMessage {
  return {
    clientId: prompt.clientId,
    text: prompt.text,
    attachmentCount: prompt.attachments.length,
    state: prompt.state,
  };
}

function heldMessage(message: HeldMessage): QueuedMessage {
  return {
    clientId: message.clientId,
    text: message.text,
    attachmentCount: message.attachments.length,
    state: 'unsent',
  };
}

function unwindingNotice(fold: FoldState, isStopOverdue: boolean): readonly PanelNotice[] {
  if (!isStopOverdue || fold.unwindingTurnId === null) return [];
  return [
    {
      id: 'unwinding',
      level: 'warning',
      text: 'The model has not let go of the stopped reply yet. What you send waits until it does.',
      detail: '',
      actions: ['continueInFork', 'restartRuntime'],
    },
  ];
}

export function activityOf(fold: FoldState, isStopOverdue: boolean): Activity {
  const turn = turnOf(fold, fold.currentTurnId);
  if (turn === null) return IDLE;
  // The transcript's own figures are brought up to date per model call; these count along.
  const memory = fold.memory.turns.find((one) => one.turnId === turn.id);
  const metrics = memory === undefined ? turn.metrics : metricsOf(turn.metrics, memory);
  return {
    phase: phaseOf(fold, turn, isStopOverdue),
    since: turn.metrics.startedAt ?? fold.phaseSince,
    tokens: metrics.outputTokens,
    isEstimated: metrics.isEstimated,
  };
}

function phaseOf(fold: FoldState, turn: Turn, isStopOverdue: boolean): Activity['phase'] {
  if (turn.state === 'stopping') return isStopOverdue ? 'stillStopping' : 'stopping';
  if (turn.parts.some((part) => part.kind === 'tool' && part.approval?.state === 'pending'))
    return 'waitingForApproval';
  switch (fold.phase) {
    case 'idle':
      return turn.state === 'pending' ? 'sending' : 'waitingForModel';
    case 'sending':
      return 'sending';
    case 'waitingForModel':
      return 'waitingForModel';
    case 'retrying':
      return 'retrying';
    case 'waitingForApproval':
    case 'runningTool':
    case 'runningCommand':
      return 'runningTool';
    case 'streaming':
      return streamingPhase(turn);
  }
}

function streamingPhase(turn: Turn): Activity['phase'] {
  const last = turn.parts.findLast((part) => part.kind !== 'notice');
  switch (last?.kind) {
    case 'text':
      return 'writing';
    case 'reasoning':
      return last.endedAt === null ? 'thinking' : 'waitingForModel';
    case 'tool':
      return last.state === 'announced' ? 'preparingTool' : 'waitingForModel';
    case 'user':
    case undefined:
      return 'waitingForModel';
  }
}

export function approvalOf(transcript: Transcript, callId: string): Approval | null {
  for (const turn of transcript.turns.toReversed()) {
    for (const part of turn.parts) if (part.kind === 'tool' && part.id === callId) return part.approval;
  }
  return null;
}

import type { Activity, Attachment, PanelState } from '../../src/shared/panel.ts';
import { IDLE } from '../../src/shared/panel.ts';
import {
  EMPTY_TRANSCRIPT,
  NO_METRICS,
  type NoticePart,
  type Part,
  type ToolPart,
  type Turn,
  type TurnMetrics,
} from '../../src/shared/transcript.ts';

/** The hour of all states: 2026-11-21T09:00:00Z. */
export const NOW = 1_795_251_600_000;

export interface PanelCase {
  readonly state: PanelState;
  readonly draft?: string;
  /** Names of rows that are opened before the picture. */
  readonly opens?: readonly string[];
  /** The reader has scrolled to the top. */
  readonly isScrolledUp?: boolean;
}

export const READY: PanelState = {
  key: 'agent-1/conv-1',
  link: { state: 'ready', text: '', detail: '', retryAt: null, actions: [] },
  agent: { id: 'agent-1', name: 'Ada' },
  conversation: { id: 'conv-1', title: 'Why does the upload retry' },
  model: { handle: 'ollama/qwen3-coder', label: 'qwen3-coder', isDemo: false },
  mode: 'standard',
  place: 'on this computer',
  folder: '~/api-server',
  canSend: true,
  blockedReason: '',
  activity: IDLE,
  queue: [],
  attachments: [],
  notices: [],
  setup: null,
  transcript: EMPTY_TRANSCRIPT,
};

export function user(id: string, text: string, attachments: readonly Attachment[] = []): Part {
  return { kind: 'user', id, text, attachments, delivery: 'sent', origin: 'person' };
}

export function text(id: string, words: string): Part {
  return { kind: 'text', id, text: words };
}

export function thought(id: string, words: string, seconds: number | null): Part {
  const startedAt = NOW - 30_000;
  return {
    kind: 'reasoning',
    id,
    text: words,
    startedAt,
    endedAt: seconds === null ? null : startedAt + seconds * 1000,
  };
}

export function tool(id: string, name: string, input: unknown, change: Partial<ToolPart> = {}): ToolPart {
  return {
    kind: 'tool',
    id,
    name,
    args: JSON.stringify(input),
    state: 'done',
    output: '',
    startedAt: NOW - 20_000,
    endedAt: NOW - 18_000,
    approval: null,
    ...change,
  };
}

export function asking(id: string, name: string, input: unknown, index = 1, total = 1): ToolPart {
  return tool(id, name, input, {
    state: 'waitingForApproval',
    endedAt: null,
    approval: {
      requestId: `request-${id}`,
      state: 'pending',
      input: JSON.stringify(input),
      diffs: [],
      reason: '',
      index,
      total,
    },
  });
}

export function notice(id: string, change: Partial<NoticePart>): NoticePart {
  return {
    kind: 'notice',
    id,
    code: 'info',
    level: 'info',
    text: '',
    detail: '',
    retry: null,
    actions: [],
    ...change,
  };
}

export const ENDED: TurnMetrics = {
  startedAt: NOW - 60_000,
  firstTokenAt: NOW - 59_200,
  endedAt: NOW - 22_000,
  outputTokens: 1204,
  inputTokens: 20_480,
  isEstimated: false,
  steps: 3,
};

export function turn(id: string, parts: readonly Part[], change: Partial<Turn> = {}): Turn {
  return { id, state: 'ended', outcome: { kind: 'completed' }, parts, metrics: ENDED, ...change };
}

export function running(id: string, parts: readonly Part[], change: Partial<Turn> = {}): Turn {
  return turn(id, parts, {
    state: 'active',
    outcome: null,
    metrics: { ...NO_METRICS, startedAt: NOW - 9000, outputTokens: 412 },
    ...change,
  });
}

export function busy(phase: Activity['phase'], change: Partial<Activity> = {}): Activity {
  return { phase, since: NOW - 9000, tokens: 412, isEstimated: true, ...change };
}

export function chip(path: string, change: Partial<Attachment> = {}): Attachment {
  return {
    id: path,
    path,
    language: 'typescript',
    lines: null,
    sizeBytes: 2140,
    cutBytes: 0,
    isUnsaved: false,
    ...change,
  };
}

export function showing(...turns: readonly Turn[]): Pick<PanelState, 'transcript'> {
  return { transcript: { turns, hasOlder: false } };
}

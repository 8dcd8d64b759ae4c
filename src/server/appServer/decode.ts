import type { ConversationRef } from '../../core/lettaConnection.ts';
import type { LettaEvent, QueueItem, ServerPhase } from '../../core/lettaEvent.ts';
import type { PermissionMode } from '../../shared/panel.ts';
import type { DiffHunk, FileDiff } from '../../shared/transcript.ts';
import { decodeDelta, unknownDelta } from './decodeDelta.ts';
import {
  asFields,
  count,
  exactJson,
  flag,
  number,
  object,
  objects,
  shownJson,
  text,
  texts,
} from './fields.ts';
import type { Fields } from './fields.ts';
import { describeFailure } from './failureText.ts';
import { contentText, userContent } from './messageContent.ts';

export interface DecodedFrame {
  /** The conversation it belongs to; null: to none, or the frame does not say. */
  readonly ref: ConversationRef | null;
  readonly events: readonly LettaEvent[];
  /** Not an object, or without a type: nothing of it can be used. */
  readonly isMalformed: boolean;
}

/** Kinds of frames that are known and make no event here: answers to requests, and what other parts of Letta use. */
const SILENT = new Set([
  'input_accepted',
  'update_external_tools',
  'external_tool_call_request',
  'external_tool_call_cancel',
  'skills_updated',
  'crons_updated',
  'channels_updated',
  'agents_updated',
  'secrets_updated',
  'cwd_map_updated',
  'terminal_spawned',
  'terminal_output',
  'terminal_exited',
  'pong',
  'ping',
]);
const SILENT_ENDINGS = ['_response', '_chunk'];

const PHASES: ReadonlyMap<string, ServerPhase> = new Map([
  ['SENDING_API_REQUEST', 'sending'],
  ['WAITING_FOR_API_RESPONSE', 'waitingForModel'],
  ['RETRYING_API_REQUEST', 'retrying'],
  ['PROCESSING_API_RESPONSE', 'streaming'],
  ['EXECUTING_CLIENT_SIDE_TOOL', 'runningTool'],
  ['EXECUTING_COMMAND', 'runningCommand'],
  ['WAITING_ON_APPROVAL', 'waitingForApproval'],
  ['WAITING_ON_INPUT', 'idle'],
]);

const MALFORMED: DecodedFrame = { ref: null, events: [], isMalformed: true };

/** The events in one frame of the App Server. Never throws, whatever it is given; what it does not know it keeps. */
export function decodeFrame(raw: unknown): DecodedFrame {
  const frame = asFields(raw);
  const type = frame === null ? null : text(frame, 'type');
  if (frame === null || type === null) return MALFORMED;
  const events = decodeEvents(frame, type) ?? [unknownFrame(frame, type)];
  return { ref: refOf(frame), events, isMalformed: false };
}

export function refOf(frame: Fields): ConversationRef | null {
  const runtime = object(frame, 'runtime');
  const agentId = runtime === null ? null : text(runtime, 'agent_id');
  const conversationId = runtime === null ? null : text(runtime, 'conversation_id');
  return agentId === null || conversationId === null ? null : { agentId, conversationId };
}

/** Null: not known. */
function decodeEvents(frame: Fields, type: string): readonly LettaEvent[] | null {
  if (SILENT.has(type) || SILENT_ENDINGS.some((ending) => type.endsWith(ending))) return [];
  switch (type) {
    case 'stream_delta':
      return streamDelta(frame);
    case 'control_request':
      return controlRequest(frame);
    case 'update_loop_status':
      return loopStatus(frame);
    case 'update_device_status':
      return deviceStatus(frame);
    case 'update_queue':
      return [queue(frame)];
    case 'update_subagent_state':
      return [{ type: 'subagentsChanged', running: runningSubagents(frame) }];
    case 'turn_finished':
      return [turnFinished(frame)];
    case 'memory_updated':
      return [{ type: 'memoryChanged', paths: texts(frame, 'affected_paths') }];
    case 'file_ops':
    case 'file_changed': {
      const path = text(frame, 'path');
      return path === null ? null : [{ type: 'fileChanged', path }];
    }
    default:
      return null;
  }
}

function streamDelta(frame: Fields): readonly LettaEvent[] | null {
  const delta = object(frame, 'delta');
  if (delta === null) return null;
  // A subagent's stream repeats the ids and stop reasons of its parent's (PROTOCOL b.5): it is not the parent's text.
  if (text(frame, 'subagent_id') !== null || text(delta, 'subagent_id') !== null) return [];
  const id = frameId(frame);
  return decodeDelta(delta, id) ?? [unknownDelta(delta, id)];
}

function controlRequest(frame: Fields): readonly LettaEvent[] | null {
  const requestId = text(frame, 'request_id');
  const request = object(frame, 'request');
  const callId = request === null ? null : text(request, 'tool_call_id');
  if (requestId === null || request === null || callId === null) return null;
  if (text(request, 'subtype') !== 'can_use_tool') return null;
  const input = object(request, 'input') ?? {};
  return [
    {
      type: 'approvalAsked',
      requestId,
      callId,
      name: text(request, 'tool_name') ?? '',
      input: exactJson(input),
      diffs: objects(request, 'diffs').map((diff) => fileDiff(diff, input)),
    },
  ];
}

/** `fileName` is a base name: the path that will be written stands in the input (PROTOCOL b.7). */
function fileDiff(diff: Fields, input: Fields): FileDiff {
  const name = text(diff, 'fileName') ?? '';
  const target = text(input, 'file_path');
  const path = target !== null && (name === '' || target.endsWith(name)) ? target : name;
  const isShown = text(diff, 'mode') === 'advanced';
  return {
    path,
    unpreviewable: isShown ? '' : (text(diff, 'reason') ?? 'No preview'),
    hunks: isShown ? objects(diff, 'hunks').map(hunk) : [],
  };
}

function hunk(fields: Fields): DiffHunk {
  return {
    oldStart: count(fields, 'oldStart'),
    newStart: count(fields, 'newStart'),
    lines: objects(fields, 'lines').map((line) => {
      const kind = text(line, 'type');
      return {
        type: kind === 'add' || kind === 'remove' ? kind : 'context',
        text: text(line, 'content') ?? '',
      };
    }),
  };
}

function loopStatus(frame: Fields): readonly LettaEvent[] | null {
  const status = object(frame, 'loop_status');
  const phase = status === null ? undefined : PHASES.get(text(status, 'status') ?? '');
  if (status === null || phase === undefined) return null;
  return [
    {
      type: 'phaseChanged',
      phase,
      runIds: texts(status, 'active_run_ids'),
      executingCallIds: texts(status, 'executing_tool_call_ids'),
      promptsByRun: promptsByRun(status),
    },
  ];
}

function promptsByRun(
  status: Fields,
): readonly { readonly runId: string; readonly clientIds: readonly string[] }[] {
  const byRun = object(status, 'client_message_ids_by_run_id') ?? {};
  return Object.keys(byRun).map((runId) => ({ runId, clientIds: texts(byRun, runId) }));
}

function deviceStatus(frame: Fields): readonly LettaEvent[] | null {
  const status = object(frame, 'device_status');
  if (status === null) return null;
  return [
    {
      type: 'deviceChanged',
      mode: permissionMode(text(status, 'current_permission_mode')),
      cwd: text(status, 'current_working_directory'),
      isProcessing: flag(status, 'is_processing') ?? false,
      pendingRequestIds: objects(status, 'pending_control_requests')
        .map((request) => text(request, 'request_id'))
        .filter((id) => id !== null),
    },
  ];
}

const MODES: readonly PermissionMode[] = ['standard', 'acceptEdits', 'unrestricted', 'strict'];

export function permissionMode(mode: string | null): PermissionMode | null {
  return MODES.find((known) => known === mode) ?? null;
}

function queue(frame: Fields): LettaEvent {
  const items: QueueItem[] = [];
  for (const entry of objects(frame, 'queue')) {
    const itemId = text(entry, 'id');
    // Others are the server's own (a background task's report): nothing the person wrote or can take back.
    if (itemId === null || (text(entry, 'kind') ?? 'message') !== 'message') continue;
    const shown = userContent(entry['content']);
    items.push({
      itemId,
      clientId: text(entry, 'client_message_id'),
      text: shown === null ? contentText(entry['content']) : shown.text,
      isPaused: flag(entry, 'paused') === true,
    });
  }
  const removed = objects(frame, 'removed').map((entry) => ({
    clientId: text(entry, 'client_message_id'),
    disposition: text(entry, 'disposition') ?? '',
  }));
  return { type: 'queueChanged', items, removed };
}

function runningSubagents(frame: Fields): number {
  const running = new Set(['running', 'pending', 'starting', 'in_progress']);
  return objects(frame, 'subagents').filter((subagent) => running.has(text(subagent, 'status') ?? '')).length;
}

function turnFinished(frame: Fields): LettaEvent {
  const stopReason = text(frame, 'stop_reason') ?? 'unknown';
  const error = text(frame, 'error') ?? '';
  const found = error === '' ? null : describeFailure(error, stopReason === 'llm_api_error');
  return {
    type: 'turnFinished',
    stopReason,
    message: found?.message ?? '',
    reason: found?.reason ?? null,
    runId: text(frame, 'run_id'),
  };
}

function frameId(frame: Fields): string {
  const own = text(frame, 'idempotency_key');
  const seq = number(frame, 'event_seq');
  return (
    own ?? `${text(frame, 'type') ?? 'frame'}:${seq === null ? exactJson(frame).slice(0, 200) : String(seq)}`
  );
}

function unknownFrame(frame: Fields, type: string): LettaEvent {
  return { type: 'unknown', id: frameId(frame), name: type, json: shownJson(frame) };
}

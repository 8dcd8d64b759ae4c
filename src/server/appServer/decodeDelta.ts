import type { DeltaOrder, LettaEvent } from '../../core/lettaEvent.ts';
import { count, flag, number, object, objects, parsedObject, shownJson, text, texts } from './fields.ts';
import type { Fields } from './fields.ts';
import { describeFailure } from './failureText.ts';
import { contentText, userContent } from './messageContent.ts';

/** Snapshots of a running tool's output; every other id is the final result (PROTOCOL b.5). */
const SNAPSHOT_ID = 'synthetic-tool-return-stream-';

/** Known, and nothing a person needs: `ping` keeps a stream alive. */
const SILENT = new Set(['ping', 'system_message']);
const SILENT_EVENTS = new Set(['compaction']);

/** The events in one `stream_delta`; null where the kind of message is not known or lacks what it must have. */
export function decodeDelta(delta: Fields, frameId: string): readonly LettaEvent[] | null {
  const kind = text(delta, 'message_type') ?? '';
  const id = text(delta, 'id') ?? frameId;
  if (SILENT.has(kind)) return [];
  switch (kind) {
    case 'assistant_message':
      return [{ type: 'textDelta', partId: id, text: contentText(delta['content']), order: orderOf(delta) }];
    case 'reasoning_message': {
      const words = text(delta, 'reasoning');
      return words === null
        ? null
        : [{ type: 'reasoningDelta', partId: id, text: words, order: orderOf(delta) }];
    }
    case 'hidden_reasoning_message':
      return [{ type: 'reasoningDelta', partId: id, text: '', order: orderOf(delta) }];
    case 'user_message':
      return userMessage(delta, id);
    case 'approval_request_message':
    case 'tool_call_message':
      return toolCalls(delta);
    case 'tool_return_message':
      return toolReturns(delta, id);
    case 'approval_classification_end':
      return [
        {
          type: 'approvalsClassified',
          askedCallIds: texts(delta, 'user_input_tool_call_ids'),
          allowedCallIds: texts(delta, 'auto_allowed_tool_call_ids'),
          deniedCallIds: texts(delta, 'auto_denied_tool_call_ids'),
        },
      ];
    case 'client_tool_start':
    case 'client_tool_end':
      return toolRun(delta, kind);
    case 'usage_statistics':
      return [usage(delta)];
    case 'stop_reason':
      return [
        { type: 'stepStopped', stopReason: text(delta, 'stop_reason') ?? '', runId: text(delta, 'run_id') },
      ];
    case 'event_message':
      return eventMessage(delta);
    case 'retry':
      return [retry(delta, 'turn')];
    case 'error_message':
    case 'loop_error':
      return [failure(delta, kind)];
    case 'status':
      return status(delta, id);
    case 'summary_message':
      return [{ type: 'compacted', id, summary: text(delta, 'summary') ?? '' }];
    case 'command_start':
    case 'slash_command_start':
    case 'command_end':
    case 'slash_command_end':
      return command(delta, kind);
    default:
      return null;
  }
}

function orderOf(delta: Fields): DeltaOrder | null {
  const runId = text(delta, 'run_id');
  const seq = number(delta, 'seq_id');
  return runId === null || seq === null ? null : { runId, seq };
}

function userMessage(delta: Fields, id: string): readonly LettaEvent[] {
  const content = userContent(delta['content']);
  if (content === null) return [];
  return [{ type: 'userMessage', clientId: text(delta, 'otid'), messageId: id, ...content }];
}

function toolCalls(delta: Fields): readonly LettaEvent[] | null {
  const single = object(delta, 'tool_call');
  const calls = single === null ? objects(delta, 'tool_calls') : [single];
  const events: LettaEvent[] = [];
  for (const call of calls) {
    const callId = text(call, 'tool_call_id');
    if (callId === null) continue;
    const args = text(call, 'arguments') ?? '';
    events.push({
      type: 'toolCalled',
      callId,
      name: text(call, 'name') ?? '',
      args,
      // The local backend sends arguments whole, others in pieces; a piece is not an object on its own.
      isWhole: parsedObject(args) !== null,
      order: orderOf(delta),
    });
  }
  return events.length === 0 ? null : events;
}

function toolReturns(delta: Fields, id: string): readonly LettaEvent[] | null {
  const all = objects(delta, 'tool_returns').filter((entry) => text(entry, 'tool_call_id') !== null);
  const returns = all.length > 0 ? all : [delta];
  const events: LettaEvent[] = [];
  for (const entry of returns) {
    const callId = text(entry, 'tool_call_id');
    if (callId === null) continue;
    const output = contentText(entry['tool_return']);
    if (id.startsWith(SNAPSHOT_ID)) events.push({ type: 'toolOutput', callId, output });
    else events.push({ type: 'toolReturned', callId, isError: text(entry, 'status') === 'error', output });
  }
  return events.length === 0 ? null : events;
}

function toolRun(delta: Fields, kind: 'client_tool_start' | 'client_tool_end'): readonly LettaEvent[] | null {
  const callId = text(delta, 'tool_call_id');
  if (callId === null) return null;
  if (kind === 'client_tool_end') {
    return [{ type: 'toolEnded', callId, isError: text(delta, 'status') === 'error' }];
  }
  const name = text(delta, 'tool_name') ?? '';
  return [{ type: 'toolStarted', callId, name, args: text(delta, 'tool_args') ?? '' }];
}

function usage(delta: Fields): LettaEvent {
  return {
    type: 'usage',
    runId: text(delta, 'run_id') ?? '',
    // The server's prompt count leaves out what came from the cache.
    inputTokens: count(delta, 'prompt_tokens') + count(delta, 'cached_input_tokens'),
    outputTokens: count(delta, 'completion_tokens'),
    contextTokens: number(delta, 'context_tokens'),
  };
}

function eventMessage(delta: Fields): readonly LettaEvent[] | null {
  const kind = text(delta, 'event_type') ?? '';
  if (SILENT_EVENTS.has(kind)) return [];
  const data = object(delta, 'event_data');
  return kind === 'retry' && data !== null ? [retry(data, 'model')] : null;
}

function retry(data: Fields, layer: 'model' | 'turn'): LettaEvent {
  return {
    type: 'retrying',
    layer,
    attempt: count(data, 'attempt'),
    maxAttempts: count(data, 'max_attempts'),
    delayMs: count(data, 'delay_ms'),
    ...retryWords(text(data, 'message') ?? '', layer),
  };
}

function retryWords(raw: string, layer: 'model' | 'turn'): ReturnType<typeof describeFailure> {
  const found = describeFailure(raw, true);
  // The outer loop's words say nothing about the cause ("Unexpected downstream LLM API error, retrying...").
  return layer === 'turn' ? { ...found, reason: 'unknown' } : found;
}

function failure(delta: Fields, kind: 'error_message' | 'loop_error'): LettaEvent {
  const inner = object(delta, 'api_error') ?? delta;
  const isModel = text(inner, 'error_type') === 'llm_error' || text(delta, 'stop_reason') === 'llm_api_error';
  const raw = text(inner, 'message') ?? text(inner, 'detail') ?? text(delta, 'message') ?? '';
  const found = describeFailure(raw, isModel);
  return {
    type: 'failed',
    isTerminal: kind === 'loop_error' && flag(delta, 'is_terminal') === true,
    message: found.message === '' ? 'The server reported an error without saying which.' : found.message,
    reason: found.reason,
  };
}

function status(delta: Fields, id: string): readonly LettaEvent[] {
  const words = text(delta, 'message') ?? '';
  const level = text(delta, 'level');
  // Said after every stop; the turn's outcome says it already. The frame has no code to tell it by.
  if (words === '' || (words === 'Interrupted' && level === 'warning')) return [];
  return [
    { type: 'notice', id, level: level === 'error' || level === 'warning' ? level : 'info', text: words },
  ];
}

function command(delta: Fields, kind: string): readonly LettaEvent[] | null {
  const commandId = text(delta, 'command_id');
  if (commandId === null) return null;
  const isEnd = kind.endsWith('_end');
  return [
    {
      type: 'commandRan',
      id: commandId,
      input: text(delta, 'input') ?? commandId,
      output: isEnd ? (text(delta, 'output') ?? '') : null,
      isError: isEnd && flag(delta, 'success') === false,
    },
  ];
}

export function unknownDelta(delta: Fields, frameId: string): LettaEvent {
  const name = text(delta, 'message_type') ?? 'stream_delta';
  return { type: 'unknown', id: frameId, name, json: shownJson(delta) };
}

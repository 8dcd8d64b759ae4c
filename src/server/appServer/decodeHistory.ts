import type { HistoryMessage, HistoryPage } from '../../core/lettaEvent.ts';
import { asFields, date, flag, list, objects, object, shownJson, text } from './fields.ts';
import type { Fields } from './fields.ts';
import { contentText, userContent } from './messageContent.ts';

/** Known, and nothing a person needs. */
const SILENT = new Set(['system_message', 'hidden_reasoning_message', 'event_message']);

/**
 * A `conversation_messages_list_response` asked for newest first: oldest first here. Null: not such a response, or one
 * that says it failed.
 */
export function decodeHistory(response: unknown): HistoryPage | null {
  const fields = asFields(response);
  if (fields === null || text(fields, 'type') !== 'conversation_messages_list_response') return null;
  if (flag(fields, 'success') === false) return null;
  const messages = list(fields, 'messages')
    .map(asFields)
    .filter((message) => message !== null)
    .toReversed()
    .flatMap(decodeMessage);
  const before = flag(fields, 'has_more') === true ? text(fields, 'next_before') : null;
  return { messages, before };
}

function decodeMessage(message: Fields): readonly HistoryMessage[] {
  const kind = text(message, 'message_type') ?? '';
  const id = text(message, 'id') ?? '';
  const at = date(message, 'date');
  if (SILENT.has(kind)) return [];
  switch (kind) {
    case 'user_message': {
      const content = userContent(message['content']);
      return content === null ? [] : [{ kind: 'user', at, id, clientId: text(message, 'otid'), ...content }];
    }
    case 'assistant_message':
      return [{ kind: 'text', at, id, text: contentText(message['content']) }];
    case 'reasoning_message':
      return [{ kind: 'reasoning', at, id, text: text(message, 'reasoning') ?? '' }];
    case 'approval_request_message':
    case 'tool_call_message':
      return toolCalls(message, at);
    case 'tool_return_message':
      return toolReturns(message, at);
    case 'summary_message':
      return [{ kind: 'compacted', at, id, summary: text(message, 'summary') ?? '' }];
    default:
      return [{ kind: 'unknown', at, id, name: kind === '' ? 'message' : kind, json: shownJson(message) }];
  }
}

function toolCalls(message: Fields, at: number | null): readonly HistoryMessage[] {
  const single = object(message, 'tool_call');
  const calls = single === null ? objects(message, 'tool_calls') : [single];
  return calls.flatMap((call) => {
    const callId = text(call, 'tool_call_id');
    if (callId === null) return [];
    const args = text(call, 'arguments') ?? '';
    return [{ kind: 'toolCall', at, callId, name: text(call, 'name') ?? '', args }];
  });
}

function toolReturns(message: Fields, at: number | null): readonly HistoryMessage[] {
  const all = objects(message, 'tool_returns').filter((entry) => text(entry, 'tool_call_id') !== null);
  return (all.length > 0 ? all : [message]).flatMap((entry) => {
    const callId = text(entry, 'tool_call_id');
    if (callId === null) return [];
    const output = contentText(entry['tool_return']);
    return [{ kind: 'toolReturn', at, callId, isError: text(entry, 'status') === 'error', output }];
  });
}

import { parseAttachments } from '../shared/attachmentText.ts';
import type { SentAttachment } from '../shared/transcript.ts';

/** What the script looks at of a chat completion request. */
export interface ChatRequest {
  readonly model: string;
  readonly isStream: boolean;
  readonly hasTools: boolean;
  readonly system: string;
  /** Texts of the person's messages, without what Letta adds to them, oldest first. */
  readonly asked: readonly string[];
  readonly attachments: readonly AttachedText[];
  /** What the person typed last. */
  readonly typed: string;
  /** Results of tools since then; empty when the model has not used any yet. */
  readonly toolResults: readonly string[];
  /** Paths written by tools earlier in the conversation. */
  readonly writtenPaths: ReadonlySet<string>;
  readonly promptTokens: number;
}

export interface AttachedText {
  readonly about: SentAttachment;
  readonly text: string;
}

interface Message {
  readonly role: string;
  readonly parts: readonly string[];
  readonly calls: readonly string[];
}

const CHARACTERS_PER_TOKEN = 4;

export function parseChatRequest(body: string): ChatRequest | null {
  const value = parse(body);
  if (value === null || !Array.isArray(value['messages'])) return null;
  const messages = value['messages'].filter(isRecord).map(readMessage);
  const lastUser = messages.findLastIndex((message) => message.role === 'user' && spoken(message).length > 0);
  const parts = spoken(messages[lastUser]);
  const attachments = parts.flatMap(attachedTexts);
  const typed = parts
    .map((part) => parseAttachments(part).text)
    .join('\n')
    .trim();
  return {
    model: typeof value['model'] === 'string' ? value['model'] : '',
    isStream: value['stream'] === true,
    hasTools: Array.isArray(value['tools']) && value['tools'].length > 0,
    system: messages
      .filter((message) => message.role === 'system' || message.role === 'developer')
      .flatMap((message) => message.parts)
      .join('\n'),
    asked: messages
      .filter((message) => message.role === 'user')
      .map((message) => spoken(message).join('\n'))
      .filter((text) => text !== ''),
    attachments,
    typed,
    toolResults: messages
      .slice(lastUser + 1)
      .filter((message) => message.role === 'tool')
      .map((message) => message.parts.join('\n')),
    writtenPaths: new Set(messages.flatMap((message) => message.calls).flatMap(pathsOf)),
    promptTokens: Math.ceil(body.length / CHARACTERS_PER_TOKEN),
  };
}

function parse(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readMessage(message: Readonly<Record<string, unknown>>): Message {
  const { role, content, tool_calls: calls } = message;
  return {
    role: typeof role === 'string' ? role : '',
    parts: typeof content === 'string' ? [content] : Array.isArray(content) ? content.flatMap(textOf) : [],
    calls: Array.isArray(calls) ? calls.filter(isRecord).flatMap(argumentsOf) : [],
  };
}

function textOf(part: unknown): readonly string[] {
  return isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : [];
}

function argumentsOf(call: Readonly<Record<string, unknown>>): readonly string[] {
  const used = call['function'];
  return isRecord(used) && typeof used['arguments'] === 'string' ? [used['arguments']] : [];
}

function pathsOf(json: string): readonly string[] {
  const path = parse(json)?.['file_path'];
  return typeof path === 'string' ? [path] : [];
}

/** The parts of a message that a person sent: Letta puts its reminders into parts of their own, or in front. */
function spoken(message: Message | undefined): readonly string[] {
  return (message?.parts ?? [])
    .map((part) => part.replaceAll(/<system-reminder>[\s\S]*?<\/system-reminder>\s*/g, ''))
    .filter((part) => part.trim() !== '');
}

function attachedTexts(part: string): readonly AttachedText[] {
  const found: AttachedText[] = [];
  let rest = part;
  for (;;) {
    const { attachments, text } = parseAttachments(rest);
    const first = attachments[0];
    if (first === undefined) return found;
    // parseAttachments takes all blocks; the text between header and fence is read here, block by block.
    const block = /^\[Attached [^\n]*\]\n(`{3,})[^\n]*\n([\s\S]*?)\n\1\n/.exec(rest);
    if (block === null) return found;
    found.push({ about: first, text: block[2] ?? '' });
    if (attachments.length === 1) return found;
    rest = rest.slice(block[0].length);
    if (rest === text) return found;
  }
}

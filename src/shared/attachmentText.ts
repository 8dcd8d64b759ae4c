import type { SentAttachment } from './transcript.ts';

/**
 * How an attachment is told to the model, and read back from history: one text part of the message, a header line with
 * JSON and the text in a fence longer than any inside it. Letta keeps the parts of a message apart; where a server
 * joins them, the blocks stand at the beginning.
 */
const HEADER = /^\[Attached (\{[^\n]*\})\]\n(`{3,})[^\n]*\n/;

export function formatAttachment(attachment: SentAttachment, text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), (run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  const header = JSON.stringify({
    path: attachment.path,
    language: attachment.language,
    ...(attachment.lines === null
      ? {}
      : { lines: `${String(attachment.lines[0])}-${String(attachment.lines[1])}` }),
    sizeBytes: attachment.sizeBytes,
    ...(attachment.cutBytes === 0 ? {} : { cutBytes: attachment.cutBytes }),
  });
  return `[Attached ${header}]\n${fence}${attachment.language}\n${text}\n${fence}\n`;
}

export interface ParsedMessage {
  readonly attachments: readonly SentAttachment[];
  readonly text: string;
}

/** Takes the attachment blocks off the beginning of a message; what does not parse stays text. */
export function parseAttachments(message: string): ParsedMessage {
  const attachments: SentAttachment[] = [];
  let rest = message;
  for (;;) {
    const match = HEADER.exec(rest);
    const fence = match?.[2];
    if (match === null || fence === undefined) break;
    const attachment = parseHeader(match[1] ?? '');
    const end = rest.indexOf(`\n${fence}\n`, match[0].length - 1);
    if (attachment === null || end < 0) break;
    attachments.push(attachment);
    rest = rest.slice(end + fence.length + 2);
  }
  return { attachments, text: rest };
}

function parseHeader(json: string): SentAttachment | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const header = value as Readonly<Record<string, unknown>>; // an object of unknown members, each checked below
  if (typeof header['path'] !== 'string' || typeof header['language'] !== 'string') return null;
  const lines = typeof header['lines'] === 'string' ? /^(\d+)-(\d+)$/.exec(header['lines']) : null;
  return {
    path: header['path'],
    language: header['language'],
    lines: lines === null ? null : [Number(lines[1]), Number(lines[2])],
    sizeBytes: typeof header['sizeBytes'] === 'number' ? header['sizeBytes'] : 0,
    cutBytes: typeof header['cutBytes'] === 'number' ? header['cutBytes'] : 0,
  };
}

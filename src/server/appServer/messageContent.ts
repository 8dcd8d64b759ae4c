import { parseAttachments } from '../../shared/attachmentText.ts';
import type { SentAttachment } from '../../shared/transcript.ts';
import { asFields, text } from './fields.ts';

export interface UserContent {
  readonly text: string;
  readonly attachments: readonly SentAttachment[];
  readonly origin: 'person' | 'system';
}

/** What the server tells the model beside the person's words (PROTOCOL b.9); ends with the text where it is cut. */
const REMINDER = /<system-reminder>[\s\S]*?(?:<\/system-reminder>\n?|$)/g;
const NOTIFICATION = /^\s*<task-notification>/;

/** The texts of a message's content: a string, or parts of which only the text is words. */
export function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) return [];
  const texts: string[] = [];
  for (const entry of content) {
    const part = asFields(entry);
    if (typeof entry === 'string') texts.push(entry);
    else if (part !== null && text(part, 'type') === 'image') texts.push('[Image]');
    else if (part !== null) texts.push(text(part, 'text') ?? '');
  }
  return texts;
}

export function contentText(content: unknown): string {
  return contentTexts(content).join('');
}

/** Null: nothing of it is for a person to read (a message of reminders only). */
export function userContent(content: unknown): UserContent | null {
  const attachments: SentAttachment[] = [];
  const words: string[] = [];
  for (const raw of contentTexts(content)) {
    const shown = raw.includes('<system-reminder>') ? raw.replaceAll(REMINDER, '') : raw;
    if (shown === '' || (shown.trim() === '' && shown !== raw)) continue;
    const parsed = parseAttachments(shown);
    attachments.push(...parsed.attachments);
    if (parsed.text !== '') words.push(parsed.text);
  }
  const all = words.join('\n');
  if (all.trim() === '' && attachments.length === 0) return null;
  if (NOTIFICATION.test(all)) return { text: notification(all), attachments, origin: 'system' };
  return { text: all, attachments, origin: 'person' };
}

function notification(all: string): string {
  const summary = /<summary>([\s\S]*?)<\/summary>/.exec(all)?.[1]?.trim();
  const status = /<status>([\s\S]*?)<\/status>/.exec(all)?.[1]?.trim();
  if (summary !== undefined && summary !== '') return summary;
  return status === undefined ? 'A background task reported back' : `A background task: ${status}`;
}

import { format, type PanelStrings } from './strings.ts';
import { toolKind } from './toolInput.ts';
import type { Part, ToolPart, ToolState, Transcript, Turn, TurnMetrics } from './transcript.ts';

/** One row of a turn: neighbouring reads share a row. `id` is that of its first part, so it stays when the row grows. */
export interface RowSpec {
  readonly id: string;
  readonly kind: Part['kind'] | 'reads';
  readonly partIds: readonly string[];
}

export function rowsOf(parts: readonly Part[]): readonly RowSpec[] {
  const rows: RowSpec[] = [];
  for (const part of parts) {
    if (part.kind === 'reasoning' && part.text === '' && part.endedAt !== null) continue;
    const last = rows.at(-1);
    if (!isQuietRead(part)) rows.push({ id: part.id, kind: part.kind, partIds: [part.id] });
    else if (last?.kind === 'reads') rows[rows.length - 1] = { ...last, partIds: [...last.partIds, part.id] };
    else rows.push({ id: part.id, kind: 'reads', partIds: [part.id] });
  }
  return rows;
}

function isQuietRead(part: Part): boolean {
  if (part.kind !== 'tool' || toolKind(part.name) !== 'read') return false;
  return (
    part.state === 'announced' ||
    part.state === 'allowed' ||
    part.state === 'running' ||
    part.state === 'done'
  );
}

export function isSameRows(one: readonly RowSpec[], other: readonly RowSpec[]): boolean {
  return (
    one.length === other.length &&
    one.every((row, index) => {
      const twin = other[index];
      return (
        row.id === twin?.id &&
        row.kind === twin.kind &&
        row.partIds.length === twin.partIds.length &&
        row.partIds.every((id, at) => id === twin.partIds[at])
      );
    })
  );
}

const NAME_LENGTH = 60;

/** What a screen reader calls the turn: the prompt's first words. */
export function turnName(turn: Turn, strings: PanelStrings): string {
  for (const part of turn.parts) {
    if (part.kind !== 'user' || part.origin !== 'person') continue;
    const words = part.text.trim().replaceAll(/\s+/g, ' ');
    if (words.length <= NAME_LENGTH) return words === '' ? strings.message : words;
    const cut = words.slice(0, NAME_LENGTH);
    return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), NAME_LENGTH / 2))}…`;
  }
  return strings.turnBySystem;
}

export interface PendingApproval {
  readonly turnId: string;
  readonly part: ToolPart;
}

/** Approvals that wait for the person or whose answer is on its way, oldest first. */
export function openApprovals(transcript: Transcript): readonly PendingApproval[] {
  return transcript.turns.flatMap((turn) =>
    turn.state === 'ended'
      ? []
      : turn.parts.flatMap((part) =>
          part.kind === 'tool' && (part.approval?.state === 'pending' || part.approval?.state === 'answering')
            ? [{ turnId: turn.id, part }]
            : [],
        ),
  );
}

/** The person's newest message, for "edit the last message" (arrow up). */
export function lastPrompt(transcript: Transcript): string {
  for (let index = transcript.turns.length - 1; index >= 0; index--) {
    const parts = transcript.turns[index]?.parts ?? [];
    const prompt = parts.findLast((part) => part.kind === 'user' && part.origin === 'person');
    if (prompt?.kind === 'user' && prompt.text !== '') return prompt.text;
  }
  return '';
}

/** The agent's words of a turn, as they came: what "Copy message" copies. */
export function replyText(turn: Turn): string {
  return turn.parts
    .flatMap((part) => (part.kind === 'text' && part.text.trim() !== '' ? [part.text.trim()] : []))
    .join('\n\n');
}

export function toolStateText(state: ToolState, strings: PanelStrings): string {
  switch (state) {
    case 'announced':
      return strings.stateAnnounced;
    case 'waitingForApproval':
      return strings.stateWaiting;
    case 'allowed':
      return strings.stateAllowed;
    case 'running':
      return strings.stateRunning;
    case 'done':
      return strings.stateDone;
    case 'failed':
      return strings.stateFailed;
    case 'denied':
      return strings.stateDenied;
    case 'stopped':
      return strings.stateStopped;
  }
}

/** "9 s", "2 min 5 s". Never negative: clocks of two machines may differ by more than the time measured. */
export function duration(milliseconds: number, strings: PanelStrings): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 60
    ? format(strings.seconds, seconds)
    : format(strings.minutes, Math.floor(seconds / 60), seconds % 60);
}

/** As `duration`, with tenths below ten seconds: for figures that do not run any more. */
export function exactDuration(milliseconds: number, strings: PanelStrings): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  return seconds < 9.95 ? format(strings.seconds, seconds.toFixed(1)) : duration(milliseconds, strings);
}

export function tokenCount(count: number, isEstimated: boolean, strings: PanelStrings): string {
  if (count === 1) return isEstimated ? `≈${strings.tokenOne}` : strings.tokenOne;
  return format(strings.tokens, `${isEstimated ? '≈' : ''}${count.toLocaleString('en-US')}`);
}

/** Output tokens per second of writing: from the first token on, else of the whole turn; null when not known. */
export function tokensPerSecond(metrics: TurnMetrics): number | null {
  const from = metrics.firstTokenAt ?? metrics.startedAt;
  if (from === null || metrics.endedAt === null || metrics.outputTokens === 0) return null;
  const milliseconds = metrics.endedAt - from;
  return milliseconds < 50 ? null : (metrics.outputTokens * 1000) / milliseconds;
}

export function byteSize(sizeBytes: number, strings: PanelStrings): string {
  if (sizeBytes < 1024) return format(strings.bytes, sizeBytes);
  const kilobytes = sizeBytes / 1024;
  return format(strings.kilobytes, kilobytes < 10 ? kilobytes.toFixed(1) : Math.round(kilobytes));
}

/** "upload.ts:12–58" */
export function rangeLabel(name: string, lines: readonly [number, number] | null): string {
  if (lines === null) return name;
  const [first, last] = lines;
  return first === last ? `${name}:${String(first)}` : `${name}:${String(first)}–${String(last)}`;
}

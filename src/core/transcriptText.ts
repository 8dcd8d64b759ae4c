import { visible } from '../shared/visible.ts';
import type { FileDiff, Part, ToolPart, Transcript, Turn, TurnMetrics } from '../shared/transcript.ts';
import type { FoldState } from './foldState.ts';

/** A conversation as plain text, in the order and words a person sees it: for recordings, bug reports and golden files. */
export function conversationText(state: FoldState): string {
  const lines = transcriptLines(state.transcript);
  for (const entry of state.queue) lines.push(`(${entry.state}) ${entry.text}`, '');
  if (state.unwindingTurnId !== null) lines.push('(waiting for the model to stop)', '');
  return lines.join('\n');
}

function transcriptLines(transcript: Transcript): string[] {
  const lines: string[] = transcript.hasOlder ? ['(older messages)', ''] : [];
  for (const turn of transcript.turns) lines.push(...turnLines(turn), '');
  return lines;
}

function turnLines(turn: Turn): readonly string[] {
  const lines = turn.parts.flatMap(partLines);
  // Rows of their own, beside the turns.
  const isBeside = turn.outcome === null && turn.parts.every((part) => part.kind === 'notice');
  return isBeside ? lines : [...lines, `-- ${stateText(turn)}`];
}

function stateText(turn: Turn): string {
  const words = turn.state === 'ended' ? (turn.outcome?.kind ?? 'no outcome') : turn.state;
  const detail =
    turn.outcome?.kind === 'failed'
      ? ` (${turn.outcome.reason})`
      : turn.outcome?.kind === 'cutOff'
        ? ` (${turn.outcome.limit})`
        : '';
  return [`${words}${detail}`, ...metricsTexts(turn.metrics)].join(' · ');
}

function metricsTexts(metrics: TurnMetrics): readonly string[] {
  const { startedAt, firstTokenAt, endedAt, outputTokens, inputTokens, isEstimated, steps } = metrics;
  const texts: string[] = [];
  if (startedAt !== null && firstTokenAt !== null)
    texts.push(`first token ${seconds(firstTokenAt - startedAt)}`);
  if (startedAt !== null && endedAt !== null) texts.push(seconds(endedAt - startedAt));
  if (outputTokens > 0) texts.push(`${isEstimated ? '≈' : ''}${String(outputTokens)} tokens`);
  if (inputTokens > 0) texts.push(`${String(inputTokens)} read`);
  if (steps > 0) texts.push(steps === 1 ? '1 model call' : `${String(steps)} model calls`);
  return texts;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function partLines(part: Part): readonly string[] {
  switch (part.kind) {
    case 'user': {
      const who = part.origin === 'person' ? 'You' : 'System';
      const delivery = part.delivery === 'sent' ? '' : ` (${part.delivery})`;
      const attached = part.attachments.map((attachment) => {
        const lines = attachment.lines === null ? '' : `:${attachment.lines.join('-')}`;
        return `  [${attachment.path}${lines}]`;
      });
      return [...block(`${who}${delivery}:`, part.text), ...attached];
    }
    case 'text':
      return block('Agent:', part.text);
    case 'reasoning': {
      if (part.startedAt === null) return block('Thought:', part.text);
      if (part.endedAt === null) return block('Thinking…', part.text);
      return block(`Thought for ${seconds(part.endedAt - part.startedAt)}:`, part.text);
    }
    case 'tool':
      return toolLines(part);
    case 'notice': {
      const retry =
        part.retry === null
          ? ''
          : ` (attempt ${String(part.retry.attempt)} of ${String(part.retry.maxAttempts)})`;
      const actions = part.actions.length === 0 ? '' : ` [${part.actions.join(' | ')}]`;
      const heading = `! ${part.code}, ${part.level}: ${part.text}${retry}${actions}`;
      return part.detail === '' ? [heading] : [heading, ...indent(part.detail)];
    }
  }
}

function toolLines(part: ToolPart): readonly string[] {
  const took =
    part.startedAt !== null && part.endedAt !== null ? `, ${seconds(part.endedAt - part.startedAt)}` : '';
  const lines = [`Tool ${part.name}, ${part.state}${took}`, `  < ${visible(part.args).text}`];
  if (part.approval !== null) {
    const { state, index, total, reason, input, diffs } = part.approval;
    const because = reason === '' ? '' : `: ${reason}`;
    lines.push(`  ? approval ${String(index)} of ${String(total)}, ${state}${because}`);
    if (input !== part.args) lines.push(`  ? for ${visible(input).text}`);
    for (const diff of diffs) lines.push(...diffLines(diff));
  }
  if (part.output !== '')
    lines.push(
      ...part.output
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `  > ${line}`),
    );
  return lines;
}

function diffLines(diff: FileDiff): readonly string[] {
  const signs = { context: ' ', add: '+', remove: '-' } as const;
  const hidden = diff.unpreviewable === '' ? '' : ` (${diff.unpreviewable})`;
  return [
    `  ~ ${diff.path}${hidden}`,
    ...diff.hunks.flatMap((hunk) => hunk.lines.map((line) => `  ~ ${signs[line.type]}${line.text}`)),
  ];
}

function block(heading: string, text: string): readonly string[] {
  return [heading, ...indent(text)];
}

function indent(text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}

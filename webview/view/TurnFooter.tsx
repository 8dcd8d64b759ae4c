import {
  exactDuration,
  duration,
  replyText,
  tokenCount,
  tokensPerSecond,
} from '../../src/shared/selectors.ts';
import { format, type PanelStrings } from '../../src/shared/strings.ts';
import type { Outcome, Turn } from '../../src/shared/transcript.ts';
import type { TurnModel } from '../store.ts';
import { Icon } from './Icon.tsx';
import { IconButton } from './IconButton.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Figures of an ended turn, and the demo's label on every turn. */
export function TurnFooter({ turn }: { readonly turn: TurnModel }) {
  const isEnded = turn.state.value === 'ended';
  const isDemo = usePanel().store.model.value?.isDemo === true;
  const strings = useStrings();
  if (!isEnded && !isDemo) return null;
  return (
    <footer class="foot">
      {isDemo && (
        <span class="demo">
          <Icon name="beaker" />
          {strings.demoLabel}
        </span>
      )}
      {isEnded && <Figures turn={turn} />}
    </footer>
  );
}

function Figures({ turn }: { readonly turn: TurnModel }) {
  const { host } = usePanel();
  const strings = useStrings();
  const { value } = turn.turn;
  const figures = turnFigures(value, strings);
  const hasReply = value.parts.some((part) => part.kind === 'text' && part.text.trim() !== '');
  return (
    <>
      <span class="figures" title={turnDetail(value, strings)}>
        {figures.map((figure) => (
          <span key={figure}>{figure}</span>
        ))}
      </span>
      {hasReply && (
        <IconButton
          icon="copy"
          label={strings.copyMessage}
          onClick={() => {
            host.post({ type: 'copy', text: replyText(turn.turn.peek()) });
          }}
        />
      )}
    </>
  );
}

function turnFigures(turn: Turn, strings: PanelStrings): readonly string[] {
  const { startedAt, firstTokenAt, endedAt, outputTokens, isEstimated } = turn.metrics;
  const speed = tokensPerSecond(turn.metrics);
  return [
    outcomeText(turn.outcome, strings),
    startedAt === null || endedAt === null ? '' : duration(endedAt - startedAt, strings),
    startedAt === null || firstTokenAt === null
      ? ''
      : format(strings.firstToken, exactDuration(firstTokenAt - startedAt, strings)),
    outputTokens === 0 ? '' : tokenCount(outputTokens, isEstimated, strings),
    speed === null ? '' : format(strings.tokensPerSecond, `${isEstimated ? '≈' : ''}${speedText(speed)}`),
  ].filter((figure) => figure !== '');
}

function speedText(speed: number): string {
  return speed < 10 ? speed.toFixed(1) : String(Math.round(speed));
}

function turnDetail(turn: Turn, strings: PanelStrings): string {
  const { startedAt, firstTokenAt, endedAt, outputTokens, inputTokens, isEstimated } = turn.metrics;
  return [
    startedAt === null || firstTokenAt === null
      ? ''
      : format(strings.firstTokenDetail, exactDuration(firstTokenAt - startedAt, strings)),
    startedAt === null || endedAt === null
      ? ''
      : format(strings.totalDetail, exactDuration(endedAt - startedAt, strings)),
    outputTokens + inputTokens === 0 ? '' : format(strings.tokensDetail, outputTokens, inputTokens),
    isEstimated && outputTokens > 0 ? strings.estimatedDetail : '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function outcomeText(outcome: Outcome | null, strings: PanelStrings): string {
  switch (outcome?.kind) {
    case 'stopped':
      return strings.outcomeStopped;
    case 'failed':
      return strings.outcomeFailed;
    case 'interrupted':
      return strings.outcomeInterrupted;
    case 'cutOff':
      return strings.outcomeCutOff;
    case 'completed':
    case undefined:
      return '';
  }
}

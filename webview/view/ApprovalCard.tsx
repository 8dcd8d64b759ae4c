import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { approvalDigest } from '../../src/shared/approvalDigest.ts';
import { guessCommandRisks, guessPathRisks, type Risk } from '../../src/shared/riskGuess.ts';
import { format } from '../../src/shared/strings.ts';
import { toolCommand, toolKind, toolPath } from '../../src/shared/toolInput.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { ApprovalActions } from './ApprovalActions.tsx';
import { ApprovalInput } from './ApprovalInput.tsx';
import { approvalDirectory, approvalInput, approvalQuestion } from './approvalText.ts';
import { Icon } from './Icon.tsx';
import { UnsavedTarget } from './UnsavedTarget.tsx';
import { usePanel, useStrings } from './panelContext.ts';

interface ApprovalCardProps {
  readonly part: ToolPart;
  /** Another card stood here just before: a second click on it must not answer this one. */
  readonly isReplacing: boolean;
}

/** What an agent asks to do: shows exactly what will run, and answers for exactly that. */
export function ApprovalCard({ part, isReplacing }: ApprovalCardProps) {
  const panel = usePanel();
  const strings = useStrings();
  const answered = useSignal<'allow' | 'deny' | null>(null);
  const card = useRef<HTMLElement>(null);
  useReturnOfFocus(card, () => {
    panel.focus();
  });
  const { approval } = part;
  if (approval === null) return null;
  const input = approvalInput(part);
  const risks = guessRisks(part);
  const path = toolKind(part.name) === 'command' ? '' : toolPath({ name: part.name, args: input });
  return (
    <section class="card ask" aria-label={strings.approvalNeeded} ref={card}>
      <div class="question">
        <Icon name={toolKind(part.name) === 'command' ? 'terminal' : path === '' ? 'tools' : 'edit'} />
        <h2>{approvalQuestion(part, strings).question}</h2>
        {approval.total > 1 && (
          <span class="of">{format(strings.approvalOf, approval.index, approval.total)}</span>
        )}
      </div>
      <ApprovalInput part={part} />
      <Facts input={input} risks={risks} isCommand={toolKind(part.name) === 'command'} />
      {path !== '' && <UnsavedTarget path={path} />}
      <ApprovalActions
        isFlagged={risks.length > 0}
        isReplacing={isReplacing}
        decision={approval.state === 'answering' ? (answered.value ?? 'allow') : answered.value}
        onDecide={(decision, reason) => {
          if (answered.peek() !== null) return;
          answered.value = decision;
          panel.host.post({
            type: 'answerApproval',
            toolCallId: part.id,
            requestId: approval.requestId,
            digest: approvalDigest(input),
            decision,
            reason,
          });
        }}
      />
    </section>
  );
}

interface FactsProps {
  readonly input: string;
  readonly risks: readonly Risk[];
  readonly isCommand: boolean;
}

function Facts({ input, risks, isCommand }: FactsProps) {
  const strings = useStrings();
  const { store } = usePanel();
  const named = approvalDirectory(input);
  const directory = named === '' && isCommand ? store.folder.value : named;
  const { hiddenCount } = visible(input.replaceAll(/\\u([0-9a-f]{4})/giu, unescaped));
  if (directory === '' && risks.length === 0 && hiddenCount === 0) return null;
  return (
    <div class="facts">
      {directory !== '' && <span dir="auto">{format(strings.inDirectory, visible(directory).text)}</span>}
      {risks.map((risk) => (
        <span key={risk} class="flag">
          <Icon name="warning" />
          {strings[risk]}
        </span>
      ))}
      {hiddenCount > 0 && (
        <span class="flag">
          <Icon name="warning" />
          {hiddenCount === 1 ? strings.hiddenCharacterOne : format(strings.hiddenCharacters, hiddenCount)}
        </span>
      )}
    </div>
  );
}

function unescaped(whole: string, hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code < 0x20 ? whole : String.fromCharCode(code);
}

function guessRisks(part: ToolPart): readonly Risk[] {
  const asked = { name: part.name, args: approvalInput(part) };
  return toolKind(part.name) === 'command'
    ? guessCommandRisks(toolCommand(asked))
    : guessPathRisks(toolPath(asked));
}

/** A card that goes away while it holds the focus gives it to the composer; otherwise it would be lost. */
function useReturnOfFocus(card: { readonly current: HTMLElement | null }, giveBack: () => void): void {
  useEffect(() => {
    const element = card.current;
    let hasFocus = false;
    const onFocusIn = (): void => {
      hasFocus = true;
    };
    const onFocusOut = (event: FocusEvent): void => {
      // A removed element loses the focus to nothing: that is the case this is for.
      if (event.relatedTarget !== null) hasFocus = false;
    };
    element?.addEventListener('focusin', onFocusIn);
    element?.addEventListener('focusout', onFocusOut);
    return () => {
      if (hasFocus && document.activeElement === document.body) giveBack();
    };
  }, []);
}

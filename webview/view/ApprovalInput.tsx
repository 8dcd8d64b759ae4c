import { inputMember, parseInput, toolCommand, toolDiffs, toolKind } from '../../src/shared/toolInput.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';
import { approvalInput, otherMembers } from './approvalText.ts';
import { Diff } from './Diff.tsx';
import { useStrings } from './panelContext.ts';

/** The command, the diff, or the whole input: nothing of what will run is left out. */
export function ApprovalInput({ part }: { readonly part: ToolPart }) {
  const strings = useStrings();
  const input = approvalInput(part);
  const kind = toolKind(part.name);
  const command = kind === 'command' ? toolCommand({ args: input }) : '';
  const diffs = kind === 'command' ? [] : toolDiffs({ ...part, args: input });
  if (command === '' && diffs.length === 0) {
    return <Code label={strings.approveInputBox} text={wholeInput(input)} />;
  }
  const description = kind === 'command' ? inputMember(input, ['description']) : '';
  return (
    <>
      {command !== '' && <Code label={strings.approveCommandBox} text={command} />}
      {diffs.map((diff) => (
        <Diff key={diff.path} diff={diff} />
      ))}
      {description !== '' && (
        <p class="quiet" dir="auto">
          {visible(description).text}
        </p>
      )}
      <Members members={otherMembers(part)} />
    </>
  );
}

function Code({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div class="cmd" tabIndex={0} role="group" aria-label={label} dir="ltr">
      {visible(text)
        .text.split('\n')
        .map((line, index) => (
          <code key={index}>{line === '' ? ' ' : line}</code>
        ))}
    </div>
  );
}

function Members({ members }: { readonly members: readonly (readonly [string, string])[] }) {
  if (members.length === 0) return null;
  return (
    <dl class="members">
      {members.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function wholeInput(json: string): string {
  const input = parseInput(json);
  return input === null ? json : JSON.stringify(input, null, 2);
}

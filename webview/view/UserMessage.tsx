import type { UserPart } from '../../src/shared/transcript.ts';
import { AttachmentChip } from './AttachmentChip.tsx';
import { format } from '../../src/shared/strings.ts';
import { Icon } from './Icon.tsx';
import { NoticeActions } from './NoticeActions.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Longer prompts are folded; the whole is one click away. */
const FOLD_LENGTH = 1500;
const FOLD_LINES = 16;

export function UserMessage({ part }: { readonly part: UserPart }) {
  const panel = usePanel();
  const strings = useStrings();
  const isLong = part.text.length > FOLD_LENGTH || part.text.split('\n', FOLD_LINES + 1).length > FOLD_LINES;
  const isFolded = isLong && panel.expanded.value.get(part.id) !== true;
  if (part.origin === 'system') return <SystemMessage part={part} />;
  return (
    <div class="prompt">
      {part.attachments.length > 0 && (
        <ul class="sent" aria-label={strings.sentAttachments}>
          {part.attachments.map((attachment, index) => (
            <AttachmentChip
              key={index}
              attachment={attachment}
              onOpen={() => {
                panel.host.post({
                  type: 'openFile',
                  path: attachment.path,
                  line: attachment.lines?.[0] ?? null,
                });
              }}
            />
          ))}
        </ul>
      )}
      <div class={isFolded ? 'user folded' : 'user'} dir="auto">
        {part.text}
      </div>
      {isFolded && (
        <button
          type="button"
          class="link"
          onClick={() => {
            panel.setExpanded(part.id, true);
          }}
        >
          {strings.showAll}
        </button>
      )}
      {part.delivery !== 'sent' && (
        <div class="delivery">
          {part.delivery === 'pending' && strings.sendingNow}
          {part.delivery === 'unsent' && (
            <>
              <Icon name="mail" /> {strings.notSentYet}
            </>
          )}
          {part.delivery === 'notKept' && <NotKept partId={part.id} />}
        </div>
      )}
    </div>
  );
}

/** The agent's own name: it is the agent that no longer knows. */
function NotKept({ partId }: { readonly partId: string }) {
  const { store } = usePanel();
  const strings = useStrings();
  return (
    <>
      <Icon name="circle-slash" /> {format(strings.notKept, store.agent.value?.name ?? strings.noAgent)}
      <NoticeActions noticeId={partId} actions={['sendAgain']} />
    </>
  );
}

function SystemMessage({ part }: { readonly part: UserPart }) {
  const strings = useStrings();
  return (
    <div class="row plain">
      <Icon name="bell" />
      <span class="what" dir="auto" title={part.text}>
        {strings.turnBySystem}: {part.text}
      </span>
    </div>
  );
}

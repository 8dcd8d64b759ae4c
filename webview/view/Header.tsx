import { format } from '../../src/shared/strings.ts';
import { visible } from '../../src/shared/visible.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Agent and conversation, one line; both open VS Code's own pickers. */
export function Header() {
  const { store, host } = usePanel();
  const strings = useStrings();
  const agent = visible(store.agent.value?.name ?? strings.noAgent).text;
  const title = visible(store.conversation.value?.title ?? '').text || strings.newConversation;
  return (
    <header class="bar" inert={!store.isLive.value}>
      <button
        type="button"
        class="pick"
        aria-label={format(strings.switchAgent, agent)}
        title={format(strings.switchAgent, agent)}
        onClick={() => {
          host.post({ type: 'pick', what: 'agent' });
        }}
      >
        <b dir="auto">{agent}</b>
        <Icon name="chevron-down" />
      </button>
      <span class="sep" aria-hidden="true">
        /
      </span>
      <button
        type="button"
        class="pick title"
        aria-label={format(strings.switchConversation, title)}
        title={format(strings.switchConversation, title)}
        onClick={() => {
          host.post({ type: 'pick', what: 'conversation' });
        }}
      >
        <span class="clip" dir="auto">
          {title}
        </span>
        <Icon name="chevron-down" />
      </button>
    </header>
  );
}

import { format } from '../../src/shared/strings.ts';
import { visible } from '../../src/shared/visible.ts';
import { DemoPrompts } from './DemoPrompts.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** A conversation without turns: says the next action. */
export function EmptyState() {
  const { store } = usePanel();
  const strings = useStrings();
  const agent = store.agent.value;
  const isReady = store.isLive.value && store.link.value.state === 'ready';
  return (
    <section class="empty" aria-label={strings.conversation}>
      <h2>
        {agent === null ? strings.emptyTitleNoAgent : format(strings.emptyTitle, visible(agent.name).text)}
      </h2>
      <p>{isReady ? strings.emptyText : strings.emptyWaiting}</p>
      {isReady && store.model.value?.isDemo === true && <DemoPrompts key={store.key.value} />}
    </section>
  );
}

import { visible } from '../../src/shared/visible.ts';
import type { Panel } from '../panel.ts';
import { Announcer } from './Announcer.tsx';
import { Composer } from './Composer.tsx';
import { Dock } from './Dock.tsx';
import { EmptyState } from './EmptyState.tsx';
import { Guarded } from './Guarded.tsx';
import { Header } from './Header.tsx';
import { Log } from './Log.tsx';
import { Setup } from './Setup.tsx';
import { UnderLine } from './UnderLine.tsx';
import { PanelContext, usePanel, useStrings } from './panelContext.ts';

export function PanelView({ panel }: { readonly panel: Panel }) {
  return (
    <PanelContext.Provider value={panel}>
      <main class="panel" aria-busy={!panel.store.isLive.value}>
        <Heading />
        <Header />
        <Guarded>
          <Conversation />
        </Guarded>
        <Dock />
        <Composer />
        <UnderLine />
        <Announcer />
      </main>
    </PanelContext.Provider>
  );
}

/** Where a screen reader's headings begin; the same words stand on the header's buttons. */
function Heading() {
  const { store } = usePanel();
  const strings = useStrings();
  const title = visible(store.conversation.value?.title ?? '').text || strings.newConversation;
  return <h1 class="unseen">{title}</h1>;
}

function Conversation() {
  const { store } = usePanel();
  const setup = store.setup.value;
  const isEmpty = store.turns.value.length === 0 && !store.hasOlder.value;
  if (!isEmpty) return <Log key={store.generation.value} />;
  return setup === null ? <EmptyState /> : <Setup setup={setup} />;
}

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
import { PanelContext, usePanel } from './panelContext.ts';

export function PanelView({ panel }: { readonly panel: Panel }) {
  return (
    <PanelContext.Provider value={panel}>
      <div class="panel" aria-busy={!panel.store.isLive.value}>
        <Header />
        <Guarded>
          <Conversation />
        </Guarded>
        <Dock />
        <Composer />
        <UnderLine />
        <Announcer />
      </div>
    </PanelContext.Provider>
  );
}

function Conversation() {
  const { store } = usePanel();
  const setup = store.setup.value;
  const isEmpty = store.turns.value.length === 0 && !store.hasOlder.value;
  if (!isEmpty) return <Log key={store.key.value} />;
  return setup === null ? <EmptyState /> : <Setup setup={setup} />;
}

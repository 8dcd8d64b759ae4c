import { useComputed } from '@preact/signals';
import { turnName } from '../../src/shared/selectors.ts';
import type { TurnModel } from '../store.ts';
import { Guarded } from './Guarded.tsx';
import { TurnFooter } from './TurnFooter.tsx';
import { TurnRow } from './TurnRow.tsx';
import { useStrings } from './panelContext.ts';

/** One prompt and all that came of it. Renders again when rows come or go, not when text grows. */
export function Turn({ turn }: { readonly turn: TurnModel }) {
  const strings = useStrings();
  const isBusy = turn.state.value !== 'ended';
  const rows = turn.rows.value;
  const name = useComputed(() => turnName(turn.turn.value, strings));
  return (
    <article class="turn" data-turn={turn.id} aria-label={name.value} aria-busy={isBusy}>
      {rows.map((row) => (
        <Guarded key={row.id}>
          <TurnRow turn={turn} row={row} />
        </Guarded>
      ))}
      <TurnFooter turn={turn} />
    </article>
  );
}

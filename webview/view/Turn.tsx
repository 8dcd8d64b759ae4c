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
  return (
    <article
      class="turn"
      data-turn={turn.id}
      aria-label={turnName(turn.turn.peek(), strings)}
      aria-busy={isBusy}
    >
      {rows.map((row) => (
        <Guarded key={row.id}>
          <TurnRow turn={turn} row={row} />
        </Guarded>
      ))}
      <TurnFooter turn={turn} />
    </article>
  );
}

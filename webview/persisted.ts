import { IDLE, type PanelState } from '../src/shared/panel.ts';
import { PROTOCOL_VERSION, type Draft } from '../src/shared/protocol.ts';
import type { PanelStrings } from '../src/shared/strings.ts';
import type { Turn } from '../src/shared/transcript.ts';

/** What the webview keeps by itself (`setState`), so that a reloaded window paints the conversation at once. */
export interface Persisted {
  readonly version: typeof PROTOCOL_VERSION;
  readonly draft: Draft;
  /** Null: the end is followed. */
  readonly anchor: ScrollAnchor | null;
  readonly expanded: readonly (readonly [string, boolean])[];
  readonly snapshot: { readonly state: PanelState; readonly strings: PanelStrings } | null;
}

/** The turn at the top of the view, and how far its beginning is above (negative) or below the view's top edge. */
export interface ScrollAnchor {
  readonly turnId: string;
  readonly offsetPx: number;
}

export const MAX_TURNS = 20;
/** Of the snapshot, in characters of JSON: `setState` writes it whole every time. */
export const MAX_SNAPSHOT_LENGTH = 200_000;
const MAX_EXPANDED = 200;

/** Null for nothing kept, or something that another version kept. */
export function readPersisted(value: unknown): Persisted | null {
  if (!isObject(value) || value['version'] !== PROTOCOL_VERSION || !isObject(value['draft'])) return null;
  if (typeof value['draft']['key'] !== 'string' || typeof value['draft']['text'] !== 'string') return null;
  if (!Number.isSafeInteger(value['draft']['revision']) || !Array.isArray(value['expanded'])) return null;
  return value as unknown as Persisted; // written by `persistedOf` of the same version
}

export function persistedOf(
  state: PanelState,
  strings: PanelStrings,
  draft: Draft,
  anchor: ScrollAnchor | null,
  expanded: ReadonlyMap<string, boolean>,
): Persisted {
  const kept = newestTurns(state.transcript.turns);
  const hasOlder = state.transcript.hasOlder || kept.length < state.transcript.turns.length;
  return {
    version: PROTOCOL_VERSION,
    draft,
    anchor: anchor !== null && kept.some((turn) => turn.id === anchor.turnId) ? anchor : null,
    expanded: [...expanded].slice(-MAX_EXPANDED),
    snapshot: {
      // What goes on is not known after a reload until the host says so.
      state: { ...state, activity: IDLE, transcript: { turns: kept, hasOlder } },
      strings,
    },
  };
}

function newestTurns(turns: readonly Turn[]): readonly Turn[] {
  let length = 0;
  const newest = turns.slice(-MAX_TURNS);
  for (let index = newest.length - 1; index >= 0; index--) {
    length += JSON.stringify(newest[index]).length;
    if (length > MAX_SNAPSHOT_LENGTH) return newest.slice(index + 1);
  }
  return newest;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

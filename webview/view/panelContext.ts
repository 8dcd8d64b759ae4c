import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PanelStrings } from '../../src/shared/strings.ts';
import type { Panel } from '../panel.ts';

export const PanelContext = createContext<Panel | null>(null);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (panel === null) throw new Error('a component of the panel was used outside of it');
  return panel;
}

/** Subscribes to the strings: they come with the first snapshot. */
export function useStrings(): PanelStrings {
  return usePanel().store.strings.value;
}

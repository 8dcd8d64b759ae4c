import { effect } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

/**
 * Runs again in the moment a signal that it read changes. `useSignalEffect` waits for a frame: text would be painted
 * one frame late, after its update was acknowledged as painted.
 */
export function useEffectNow(run: () => void, inputs: readonly unknown[]): void {
  useLayoutEffect(() => effect(run), inputs);
}

import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { usePanel, useStrings } from './panelContext.ts';

/** Keeps a failure to show one part from taking the rest of the conversation along. */
export function Guarded({ children }: { readonly children: ComponentChildren }) {
  const panel = usePanel();
  const strings = useStrings();
  const boundary: readonly unknown[] = useErrorBoundary((failure: unknown) => {
    panel.host.report(failure);
  });
  return boundary[0] === undefined ? <>{children}</> : <p class="quiet">{strings.partFailed}</p>;
}

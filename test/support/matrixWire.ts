import type { SessionTarget } from '../../src/core/sessionView.ts';
import type { PanelState } from '../../src/shared/panel.ts';
import type { LinkLimits } from '../../src/server/localRuntime/brokerLink.ts';

/** What the process of an extension host is started with. */
export interface HostSetup {
  readonly assetsDir: string;
  readonly stateDir: string;
  readonly home: string;
  readonly workspace: string;
  /** Of outbox and journal. */
  readonly storage: string;
  readonly limits: LinkLimits | null;
}

export type ToHost =
  | { readonly do: 'open'; readonly target: SessionTarget }
  /** Connecting waits for this. */
  | { readonly do: 'letConnect' }
  | { readonly do: 'submit'; readonly clientId: string; readonly text: string }
  | { readonly do: 'answer'; readonly decision: 'allow' | 'deny' }
  | { readonly do: 'stop' | 'focus' | 'sendNow' | 'reload' };

/** What a panel of the host would show, and what belongs to it. */
export interface HostView {
  readonly target: SessionTarget;
  readonly state: PanelState;
  readonly hasUnsent: boolean;
}

export type FromHost =
  | { readonly say: 'view'; readonly view: HostView }
  /** A message went out on the wire in this tick. */
  | { readonly say: 'handed'; readonly clientId: string }
  | { readonly say: 'answered'; readonly requestId: string; readonly accepted: boolean }
  | { readonly say: 'stopping'; readonly afterMs: number; readonly turnState: string }
  /** Nobody caught it. */
  | { readonly say: 'trouble'; readonly text: string }
  | { readonly say: 'log'; readonly text: string };

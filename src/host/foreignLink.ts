import * as vscode from 'vscode';
import { LettaError } from '../core/lettaConnection.ts';
import type { BrokerLink } from '../server/localRuntime/brokerLink.ts';

/** A link, through the broker, to a server that somebody else runs. `token` null: none was asked for. */
export type ConnectForeign = (
  origin: string,
  token: string | null,
  signal: AbortSignal,
) => Promise<BrokerLink>;

/** The one place where the broker's way to a foreign server is wired in. Never a socket of the extension host. */
export const connectForeign: ConnectForeign = () =>
  Promise.reject(
    new LettaError('refused', vscode.l10n.t('Chatting through another server comes with the next version.')),
  );

import type { BrokerLink } from '../server/localRuntime/brokerLink.ts';
import type { LocalRuntime } from '../server/localRuntime/localRuntime.ts';

/** A link, through the broker, to a server that somebody else runs. `token` null: none was asked for. */
export type ConnectForeign = (
  origin: string,
  token: string | null,
  signal: AbortSignal,
) => Promise<BrokerLink>;

/** Never a socket of the extension host: a turn would end with it. */
export function foreignLinks(runtime: LocalRuntime): ConnectForeign {
  return (origin, token, signal) => runtime.connectTo(new URL('/ws', origin).href, token ?? '', signal);
}

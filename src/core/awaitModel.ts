import { LettaError, type LettaConnection, type ModelInfo } from './lettaConnection.ts';
import type { Clock } from './ports.ts';

const LIMIT_MS = 10_000;
const POLL_MS = 150;

/** Resolves when the server lists the model as usable. A provider's models appear a moment after it was connected, and no event says when. */
export async function awaitModel(connection: LettaConnection, handle: string, clock: Clock): Promise<void> {
  const limit = clock.now() + LIMIT_MS;
  while (!isListed(await connection.listModels(), handle)) {
    if (clock.now() > limit) throw new LettaError('timeout', `Letta does not list the model ${handle}.`);
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
}

export function isListed(models: readonly ModelInfo[], handle: string): boolean {
  return models.some((model) => model.handle === handle && model.isAvailable);
}

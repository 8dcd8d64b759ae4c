import { deferred } from './deferred.ts';

/** Resolves at Ctrl+C, at a polite end signal, or when `orUntil` does. */
export async function untilInterrupted(orUntil: Promise<unknown>): Promise<void> {
  const interrupted = deferred<undefined>();
  const stop = (): void => {
    interrupted.resolve(undefined);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, stop);
  await Promise.race([interrupted.promise, orUntil]);
  for (const signal of signals) process.off(signal, stop);
}

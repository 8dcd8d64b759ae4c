import type { Clock } from '../core/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return {
      dispose: () => {
        clearTimeout(timer);
      },
    };
  },
};

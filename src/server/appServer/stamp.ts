import type { LettaEvent, StampedEvent } from '../../core/lettaEvent.ts';

/** Room for the events of one frame between its number and the next one's. */
const EVENTS_PER_FRAME = 4096;

/**
 * Stamps the events of one frame. `frameNumber` grows from frame to frame of a source, so a frame that is delivered
 * again gives ordinals that were there already. Null: the frame has no number and comes once.
 */
export function stampEvents(
  events: readonly LettaEvent[],
  at: number,
  source: string,
  frameNumber: number | null,
): readonly StampedEvent[] {
  return events.slice(0, EVENTS_PER_FRAME).map((event, index) => ({
    event,
    at,
    stamp: frameNumber === null ? null : { source, ordinal: frameNumber * EVENTS_PER_FRAME + index },
  }));
}

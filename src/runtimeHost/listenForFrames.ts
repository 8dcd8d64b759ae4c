import type { WebSocket } from 'ws';
import { MAX_FRAME_BYTES } from '../shared/wire.ts';
import type { RuntimeLifeEvents } from './runtimeHost.ts';

/** A frame that is too large for windows is counted; a connection that breaks over it would cancel every turn. */
export const MAX_PAYLOAD_BYTES = 4 * MAX_FRAME_BYTES;

export function listenForFrames(
  socket: WebSocket,
  { onFrame, onUnreadable }: Pick<RuntimeLifeEvents, 'onFrame' | 'onUnreadable'>,
): void {
  // One Buffer, because `binaryType` is left as it is.
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary || data.length > MAX_FRAME_BYTES) onUnreadable();
    else onFrame(data.toString('utf8'));
  });
}

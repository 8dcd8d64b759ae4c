import type { WebSocket } from 'ws';
import { PING_EVERY_MS } from '../shared/wire.ts';

/** Pings, and ends a socket that has gone silent: a laptop that slept, a stopped process, a network that is gone. */
export function keepAlive(socket: WebSocket, silenceLimitMs: number, everyMs = PING_EVERY_MS): void {
  let lastHeardAt = performance.now();
  const heard = (): void => {
    lastHeardAt = performance.now();
  };
  socket.on('pong', heard).on('ping', heard).on('message', heard);
  const timer = setInterval(() => {
    if (performance.now() - lastHeardAt > silenceLimitMs) socket.terminate();
    else socket.ping();
  }, everyMs);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

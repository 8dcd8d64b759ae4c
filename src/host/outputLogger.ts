import type * as vscode from 'vscode';
import type { Logger } from '../core/ports.ts';

/** The "Letta" output channel as a Logger. Callers keep secrets and, above trace, message text out. */
export function outputLogger(channel: vscode.LogOutputChannel): Logger {
  return {
    trace: (message) => {
      channel.trace(message);
    },
    debug: (message) => {
      channel.debug(message);
    },
    info: (message) => {
      channel.info(message);
    },
    warn: (message) => {
      channel.warn(message);
    },
    error: (message, cause) => {
      channel.error(cause === undefined ? message : `${message}: ${describe(cause)}`);
    },
  };
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined
    ? (cause.stack ?? cause.message)
    : `${cause.stack ?? cause.message} (${describe(cause.cause)})`;
}

import * as vscode from 'vscode';
import { isMemoryPath } from '../shared/memoryText.ts';

/** A memory file as it is now. */
export const MEMORY_SCHEME = 'letta-memory';
/** One as it was. */
export const MEMORY_VERSION_SCHEME = 'letta-memory-version';

export interface MemoryPlace {
  readonly agentId: string;
  readonly path: string;
}

export function memoryUri({ agentId, path }: MemoryPlace): vscode.Uri {
  return vscode.Uri.from({ scheme: MEMORY_SCHEME, authority: agentId, path: `/${path}` });
}

export function memoryVersionUri({ agentId, path }: MemoryPlace, version: string): vscode.Uri {
  const authority = agentId;
  return vscode.Uri.from({ scheme: MEMORY_VERSION_SCHEME, authority, path: `/${path}`, query: version });
}

/** Null for an address that no file of a memory has. */
export function memoryPlace(uri: vscode.Uri): MemoryPlace | null {
  const agentId = uri.authority;
  const path = uri.path.replace(/^\//, '');
  return agentId !== '' && isMemoryPath(path) ? { agentId, path } : null;
}

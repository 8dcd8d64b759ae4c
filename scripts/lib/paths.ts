import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const ROOT = dirname(dirname(import.meta.dirname));
export const VSIX = join(ROOT, 'letta-vscode.vsix');
export const LOGS = join(ROOT, 'out', 'logs');

/** Where big downloads are kept between runs and clones. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['LETTA_VSCODE_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'letta-vscode');
}

/** Dropped by prefix: VS Code's and Electron's own, and Letta's (another agent's when VS Code was started by one). */
const DROPPED_PREFIXES = ['VSCODE_', 'ELECTRON_', 'LETTA_', 'npm_'];
/**
 * Dropped by name: NODE_OPTIONS carries VS Code's debugger into every Node; BROWSER and the GIT_ASKPASS family call back
 * into a window that may be gone.
 */
const DROPPED = new Set([
  'NODE_OPTIONS',
  'BROWSER',
  'GIT_ASKPASS',
  'SSH_ASKPASS',
  'CHROME_DESKTOP',
  'ORIGINAL_XDG_CURRENT_DESKTOP',
  'APPLICATION_INSIGHTS_NO_DIAGNOSTIC_CHANNEL',
]);
const KEPT = new Set(['LETTA_DEMO_TEST', 'LETTA_CODE_TOOLS_DIR']);

/** A person's own environment, out of the extension host's. What the broker, the runtime and its tools start with. */
export function cleanEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || DROPPED.has(name)) continue;
    if (!KEPT.has(name) && DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    clean[name] = value;
  }
  return clean;
}

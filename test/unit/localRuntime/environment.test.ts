import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { cleanEnvironment } from '../../../src/server/localRuntime/cleanEnvironment.ts';
import { adviceFor } from '../../../src/server/localRuntime/git.ts';

suite('what the local runtime starts with', () => {
  test('nothing of VS Code, its debugger or another agent, all of the person', () => {
    const own = { PATH: '/usr/bin', HOME: '/home/me', LANG: 'C', ANTHROPIC_API_KEY: 'k', HTTPS_PROXY: 'p' };
    const foreign = {
      ELECTRON_RUN_AS_NODE: '1',
      VSCODE_IPC_HOOK: 'x',
      VSCODE_NLS_CONFIG: 'x',
      NODE_OPTIONS: '--require bootloader.js',
      BROWSER: 'helper.sh',
      LETTA_BASE_URL: 'http://elsewhere',
      LETTA_AGENT_ID: 'agent-1',
      npm_config_prefix: 'x',
      EMPTY: undefined,
    };
    assert.deepEqual(cleanEnvironment({ ...own, ...foreign }), own);
  });

  test('a missing Git is explained for each system', () => {
    assert.match(adviceFor('win32'), /Git for Windows/);
    assert.match(adviceFor('darwin'), /xcode-select/);
    for (const platform of ['linux', 'freebsd'] as const) assert.match(adviceFor(platform), /package "git"/);
  });
});

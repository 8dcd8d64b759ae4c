import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import * as vscode from 'vscode';

const ID = 'letta-vscode.letta-vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

function ours(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension(ID);
  assert.ok(extension, `${ID} is not installed in this window`);
  return extension;
}

suite('activation', () => {
  test('the extension activates', async () => {
    await ours().activate();
    assert.equal(ours().isActive, true);
  });

  test('activation takes at most 50 ms', async () => {
    const { activationMs } = (await ours().activate()) as { readonly activationMs: number };
    assert.ok(activationMs <= 50, `${activationMs.toFixed(1)} ms`);
  });

  test('every command of the manifest is registered', async () => {
    await ours().activate();
    const { contributes } = ours().packageJSON as Manifest;
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = contributes.commands
      .map(({ command }) => command)
      .filter((command) => !registered.has(command));
    assert.deepEqual(missing, []);
  });
});

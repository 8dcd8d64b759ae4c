import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import * as vscode from 'vscode';

const TITLE = 'Ask Letta About This';

suite('the light bulb', () => {
  let document: vscode.TextDocument;
  let problems: vscode.DiagnosticCollection;

  suiteSetup(async () => {
    document = await vscode.workspace.openTextDocument({
      language: 'plaintext',
      content: 'one\ntwo\nthree\n',
    });
    problems = vscode.languages.createDiagnosticCollection('letta-test');
    problems.set(document.uri, [
      new vscode.Diagnostic(
        new vscode.Range(1, 0, 1, 3),
        'two is not allowed',
        vscode.DiagnosticSeverity.Error,
      ),
    ]);
  });

  suiteTeardown(() => {
    problems.dispose();
  });

  async function actions(range: vscode.Range): Promise<readonly vscode.CodeAction[]> {
    const found = await vscode.commands.executeCommand<readonly vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      range,
    );
    return found.filter((action) => action.title === TITLE);
  }

  test('is there for a problem, and takes its words along', async () => {
    const [action] = await actions(new vscode.Range(1, 1, 1, 1));
    assert.ok(action);
    assert.equal(action.command?.command, 'letta.askAboutThis');
    const diagnostics = (action.command.arguments?.[2] ?? []) as readonly vscode.Diagnostic[];
    assert.equal(diagnostics[0]?.message, 'two is not allowed');
  });

  test('is there for a selection without a problem', async () => {
    assert.equal((await actions(new vscode.Range(2, 0, 2, 5))).length, 1);
  });

  test('is not in the way elsewhere', async () => {
    assert.equal((await actions(new vscode.Range(0, 1, 0, 1))).length, 0);
  });
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/**
 * The contract of @vscode/test-electron: loaded inside an extension host, resolves when all tests passed. The bundler
 * puts every `*.test.ts` beside this file as `*.test.cjs`.
 */
export async function run(): Promise<void> {
  const extensionRoot = join(__dirname, '..', '..', '..');
  const mocha = new Mocha({
    ui: 'tdd',
    timeout: 20_000,
    reporter: join(extensionRoot, 'scripts', 'lib', 'mochaReporter.cjs'),
  });
  for (const name of readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).sort())
    if (name.endsWith('.test.cjs')) mocha.addFile(join(__dirname, name));
  const failures = await new Promise<number>((resolve) => {
    mocha.run(resolve);
  });
  if (failures > 0) throw new Error(`${String(failures)} integration tests failed`);
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'mocha';
import { ROOT } from '../../../scripts/lib/paths.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string }>> };
    readonly walkthroughs: readonly {
      readonly id: string;
      readonly steps: readonly {
        readonly id: string;
        readonly title: string;
        readonly description: string;
        readonly media: { readonly markdown: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

suite('the manifest', () => {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const manifest = JSON.parse(text) as Manifest; // our own
  const words = JSON.parse(readFileSync(join(ROOT, 'package.nls.json'), 'utf8')) as Readonly<
    Record<string, string>
  >; // our own
  const commands = new Set(manifest.contributes.commands.map(({ command }) => command));

  test('every word it names is there, and every word is named', () => {
    const named = new Set(Array.from(text.matchAll(/"%([\w.]+)%"/g), (found) => found[1] ?? ''));
    assert.deepEqual([...named].toSorted(), Object.keys(words).toSorted());
  });

  test('the walkthrough: at most five steps, each with a command, a completion and its page', () => {
    const [walkthrough, ...others] = manifest.contributes.walkthroughs;
    assert.ok(walkthrough !== undefined && others.length === 0);
    assert.ok(walkthrough.steps.length <= 5);
    for (const { id, description, media, completionEvents } of walkthrough.steps) {
      const said = words[description.slice(1, -1)] ?? '';
      const [, command = ''] = /\(command:([\w.]+)\)/.exec(said) ?? [];
      assert.ok(commands.has(command), `${id}: ${said}`);
      assert.ok(existsSync(join(ROOT, media.markdown)), media.markdown);
      assert.ok(completionEvents.length > 0, id);
      for (const event of completionEvents) {
        const [kind, what = ''] = event.split(':');
        if (kind === 'onCommand') assert.ok(commands.has(what), event);
        else if (kind === 'onContext')
          assert.match(readFileSync(join(ROOT, 'src/host/compose.ts'), 'utf8'), new RegExp(what));
        else assert.equal(event, 'onView:letta.chat');
      }
    }
  });

  test('addresses of model servers are the machine’s, not a folder’s', () => {
    for (const name of ['ollama', 'lmStudio', 'llamaCpp'])
      assert.equal(manifest.contributes.configuration.properties[`letta.${name}.url`]?.scope, 'machine');
  });
});

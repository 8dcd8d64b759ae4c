import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { ReplyPrinter, type PanelSight } from '../../../scripts/lib/panelSight.ts';

const SIGHT: PanelSight = {
  turnCount: 1,
  isBusy: true,
  text: '',
  tools: [],
  isAllowOffered: false,
  alert: '',
  metrics: '',
};

function printed(sights: readonly Partial<PanelSight>[]): string {
  let output = '';
  const printer = new ReplyPrinter((text) => {
    output += text;
  });
  const whole = sights.map((sight) => ({ ...SIGHT, ...sight }));
  for (const sight of whole) printer.show(sight);
  printer.finish(whole.at(-1) ?? SIGHT);
  return output;
}

suite('what --once prints of a reply', () => {
  test('text that grows is printed once', () => {
    assert.equal(printed([{ text: 'It' }, { text: 'It loops' }, { text: 'It loops.' }]), 'It loops.\n');
  });

  test('every state of a tool stands on a line of its own', () => {
    const output = printed([
      { tools: ['Bash, running'] },
      { tools: ['Bash, done'], text: 'Done' },
      { tools: ['Bash, done', 'Bash, running'], text: 'Done' },
    ]);
    assert.equal(output, '[Bash, running]\n[Bash, done]\nDone\n[Bash, running]\n');
  });

  test('a tail that is read differently as it grows is not printed twice', () => {
    assert.equal(
      printed([{ text: 'See **bo' }, { text: 'See bo' }, { text: 'See bold' }]),
      'See **bo\nSee bold\n',
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { undoMemory } from '../../../src/core/memoryUndo.ts';
import type { MemoryChange } from '../../../src/shared/transcript.ts';
import { FakeMemory } from '../../support/fakeMemory.ts';

const AGENT = 'agent-1';

function change(from: string, to: string, ...paths: readonly string[]): MemoryChange {
  return {
    from,
    to,
    files: paths.map((path) => ({ path, added: 1, removed: 0 })),
    canUndo: true,
    isUndone: false,
  };
}

suite('undoing what was remembered', () => {
  test('puts back old content and takes away new files, as new versions', async () => {
    const memory = new FakeMemory();
    const from = memory.set('a.md', 'old\n');
    memory.set('a.md', 'new\n');
    const to = memory.set('b.md', 'b\n');
    const count = memory.versions.length;
    assert.deepEqual(await undoMemory(memory, AGENT, change(from, to, 'a.md', 'b.md')), { kind: 'undone' });
    assert.deepEqual([...memory.files], [['a.md', 'old\n']]);
    assert.equal(memory.versions.length, count + 2);
  });

  test('a second time changes nothing', async () => {
    const memory = new FakeMemory();
    const from = memory.head;
    const to = memory.set('a.md', 'new\n');
    await undoMemory(memory, AGENT, change(from, to, 'a.md'));
    const count = memory.versions.length;
    assert.deepEqual(await undoMemory(memory, AGENT, change(from, to, 'a.md')), { kind: 'nothingToDo' });
    assert.equal(memory.versions.length, count);
  });

  test('when one file was changed since, none is written', async () => {
    const memory = new FakeMemory();
    const from = memory.head;
    memory.set('a.md', 'new\n');
    const to = memory.set('b.md', 'b\n');
    memory.set('b.md', 'b\nmore\n');
    const before = [...memory.files];
    assert.deepEqual(await undoMemory(memory, AGENT, change(from, to, 'a.md', 'b.md')), {
      kind: 'changedSince',
      paths: ['b.md'],
    });
    assert.deepEqual([...memory.files], before);
  });

  test('what is not text is not written back', async () => {
    const memory = new FakeMemory();
    const from = memory.set('a.png', 'bytes \ufffd');
    const to = memory.set('a.png', 'other\n');
    await assert.rejects(undoMemory(memory, AGENT, change(from, to, 'a.png')), /not text/);
    assert.equal(memory.head, to);
  });

  test('a later change is never lost, whenever it comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 12 }), fc.boolean(), fc.boolean(), async (when, isNew, removes) => {
        const memory = new FakeMemory();
        const from = isNew ? memory.head : memory.set('a.md', 'old\n');
        const to = memory.set('a.md', 'new\n');
        const before = isNew ? null : 'old\n';
        const later = removes ? null : 'later\n';
        let requests = 0;
        const found: (string | undefined)[] = [];
        memory.meanwhile = () => {
          if (requests++ !== when) return;
          found.push(memory.files.get('a.md'));
          memory.set('a.md', later);
        };
        const result = await undoMemory(memory, AGENT, change(from, to, 'a.md'));
        const now = memory.files.get('a.md') ?? null;
        const hasHappened = requests > when;
        assert.equal(now, hasHappened ? later : before, `${result.kind} at ${String(when)}`);
        // Nobody is told that it worked when the agent was quicker, unless the agent did the same.
        if (hasHappened && found[0] === 'new\n' && later !== before)
          assert.equal(result.kind, 'changedSince');
      }),
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { setup, suite, test } from 'mocha';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';
import { AppServerMemory } from '../../../src/server/appServer/memory.ts';
import { parseMemoryDiff } from '../../../src/server/appServer/memoryDiff.ts';
import { Requests } from '../../../src/server/appServer/requests.ts';
import type { Frame } from '../../../src/server/appServer/frameLink.ts';
import { isMemoryPath } from '../../../src/shared/memoryText.ts';
import { FakeLink } from '../../support/coreFakeLink.ts';
import { frameOf, isReceived, recordedRows } from '../../support/coreRecordings.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';

const AGENT = 'agent-1';
const VERSION = 'a'.repeat(40);

/** The answers of the real server, in the order of their recording. */
const RECORDED = recordedRows('22-memory').flatMap((row) => {
  const frame = isReceived(row) ? frameOf(row) : null;
  return frame === null ? [] : [frame];
});

function recorded(type: string, nth = 0): Frame {
  const frame = RECORDED.filter((one) => one['type'] === `${type}_response`)[nth];
  assert.ok(frame !== undefined, type);
  return frame;
}

suite('memory of an App Server', () => {
  let link: FakeLink;
  let clock: FakeClock;
  let memory: AppServerMemory;
  let told: LettaEvent[];
  /** By kind of request; a function sees the request. */
  let answers: Map<string, readonly Frame[] | ((frame: Frame) => readonly Frame[])>;

  setup(() => {
    link = new FakeLink();
    clock = new FakeClock();
    answers = new Map();
    told = [];
    let count = 0;
    const logger = new FakeLogger();
    const requests = new Requests(link, clock, logger, () => `id-${String(++count)}`);
    memory = new AppServerMemory(requests, logger, (_ref, event) => told.push(event));
    link.onDidReceive(({ frame }) => requests.take(frame));
    link.respond = (frame) => {
      const found = answers.get(String(frame['type'])) ?? [];
      const replies = typeof found === 'function' ? found(frame) : found;
      return replies.map((reply) => ({ ...reply, request_id: frame['request_id'] }));
    };
  });

  const failing = (type: string, error: string): readonly Frame[] => [
    { type: `${type}_response`, success: false, content: null, error },
  ];

  test('understands what the real server answers', async () => {
    for (const type of ['memory_history', 'memory_commit_diff', 'memory_file_at_ref', 'delete_memory_file']) {
      answers.set(type, [recorded(type)]);
    }
    answers.set('read_memory_file', [recorded('read_memory_file', 1)]);
    answers.set('write_memory_file', [recorded('write_memory_file')]);
    const [newest] = await memory.log(AGENT, 5);
    assert.equal(newest?.id, 'df08a744050f7163d20bc9c695cb2a3be80c8c28');
    assert.equal(newest.at, Date.parse('2026-11-21T00:18:22Z'));
    assert.deepEqual(await memory.changes(AGENT, VERSION), {
      files: [{ path: 'system/human.md', lines: { added: 4, removed: 0 }, isText: true }],
      isWhole: true,
    });
    assert.match((await memory.readAt(AGENT, VERSION, 'system/human.md')) ?? '', /Likes tests/);
    assert.equal(await memory.read(AGENT, 'nope.md'), null, 'a file that is not there');
    const written = await memory.write(AGENT, 'system/human.md', new Uint8Array(), 'why');
    assert.equal(written, 'df08a744050f7163d20bc9c695cb2a3be80c8c28');
    assert.equal(link.last('write_memory_file')['commit_message'], 'why');
    const removed = (await memory.remove(AGENT, 'system/human.md', 'why')) ?? '';
    assert.ok(memory.isOwn(written) && memory.isOwn(removed) && !memory.isOwn(VERSION));
  });

  test('a list comes in several frames; one that fails or ends early fails the whole', async () => {
    const entry = (path: unknown): Frame => ({ relative_path: path, description: 'd' });
    const frame = (paths: readonly unknown[], done: boolean): Frame => ({
      type: 'list_memory_response',
      success: true,
      entries: paths.map(entry),
      done,
    });
    answers.set('list_memory', [frame(['a.md', '../out.md'], false), frame(['b/c.md', 7, '/etc/x'], true)]);
    assert.deepEqual(
      (await memory.list(AGENT)).map(({ path }) => path),
      ['a.md', 'b/c.md'],
    );
    answers.set('list_memory', [frame(['a.md'], false), ...failing('list_memory', 'the disk is gone')]);
    await assert.rejects(memory.list(AGENT), /the disk is gone/);
    answers.set('list_memory', [frame(['a.md'], false)]);
    const listing = memory.list(AGENT);
    clock.advance(15_000);
    await assert.rejects(
      listing,
      (error: unknown) => error instanceof LettaError && error.reason === 'timeout',
    );
  });

  test('a file that a version does not have is none; any other failure is one', async () => {
    for (const error of [
      "Command failed: git show x\nfatal: path 'a.md' does not exist in 'x'\n",
      "Command failed: git show x^\nfatal: path 'a.md' exists on disk, but not in 'x^'\n",
    ]) {
      answers.set('memory_file_at_ref', failing('memory_file_at_ref', error));
      assert.equal(await memory.readAt(AGENT, VERSION, 'a.md'), null);
    }
    answers.set('memory_file_at_ref', failing('memory_file_at_ref', 'fatal: bad object'));
    await assert.rejects(memory.readAt(AGENT, VERSION, 'a.md'), /bad object/);
  });

  test('what is refused is put back as it was, and said without the command', async () => {
    const content = { type: 'read_memory_file_response', success: true, content: 'b2xk' };
    answers.set('read_memory_file', [content]);
    answers.set('write_memory_file', (frame) =>
      frame['content'] === 'b2xk'
        ? [{ type: 'write_memory_file_response', success: true, committed: false }]
        : failing(
            'write_memory_file',
            'Command failed: git commit -m x\nFrontmatter validation failed:\n\n  a.md: missing frontmatter\n',
          ),
    );
    await assert.rejects(memory.write(AGENT, 'a.md', new TextEncoder().encode('new'), 'why'), {
      message: 'Letta does not accept this: a.md: missing frontmatter',
    });
    assert.equal(link.last('write_memory_file')['content'], 'b2xk');
  });

  test('hostile paths and versions are not even asked for; too big is refused', async () => {
    for (const path of [
      '',
      '/etc/passwd',
      '../x',
      'a/../../x',
      'a//b',
      '.git/hooks/pre-commit',
      'x/.GIT/y',
      'a\0',
      'c:x',
      'a\\b',
      './a',
      'x'.repeat(513),
    ]) {
      assert.equal(isMemoryPath(path), false, path);
      await assert.rejects(memory.read(AGENT, path), LettaError);
      await assert.rejects(memory.remove(AGENT, path, 'why'), LettaError);
    }
    for (const version of ['HEAD', '--output=x', `${VERSION}^`, VERSION.slice(1)]) {
      await assert.rejects(memory.readAt(AGENT, version, 'a.md'), LettaError);
      await assert.rejects(memory.changes(AGENT, version), LettaError);
    }
    assert.deepEqual(link.sent, []);
    answers.set('memory_file_at_ref', [
      { type: 'memory_file_at_ref_response', success: true, content: 'x'.repeat(1024 * 1024 + 1) },
    ]);
    await assert.rejects(memory.readAt(AGENT, VERSION, 'a.md'), /too big/);
    await assert.rejects(memory.write(AGENT, 'a.md', new Uint8Array(1024 * 1024 + 1), 'why'), /too big/);
  });

  test('changes are announced, undoing is told to the conversation', () => {
    let count = 0;
    memory.onDidChange(() => count++);
    memory.noteChange();
    assert.equal(count, 1);
    const change = { from: 'v1', to: 'v2', files: [], canUndo: true, isUndone: false };
    memory.noteUndone({ agentId: AGENT, conversationId: 'c' }, change);
    assert.deepEqual(told, [{ type: 'memoryUndone', from: 'v1', to: 'v2' }]);
    memory.dispose();
  });
});

suite('the diff of one version', () => {
  /** As Git 2.47 printed it. */
  const MOVED = [
    'diff --git "a/a b \\303\\274.md" "b/a b \\303\\274.md"',
    'new file mode 100644',
    'index 0000000..3e75765',
    '--- /dev/null',
    '+++ "b/a b \\303\\274.md"\t',
    '@@ -0,0 +1 @@',
    '+new',
    'diff --git a/system/project.md b/system/proj2.md',
    'similarity index 92%',
    'rename from system/project.md',
    'rename to system/proj2.md',
    'index a47c723..5a2821e 100644',
    '--- a/system/project.md',
    '+++ b/system/proj2.md',
    '@@ -3,3 +3,4 @@ description: About the project',
    ' One line.',
    ' Two lines, changed.',
    '+three',
    '',
  ].join('\n');

  test('names with unusual bytes and moved files', () => {
    assert.deepEqual(parseMemoryDiff(MOVED), {
      files: [
        { path: 'a b ü.md', lines: { added: 1, removed: 0 }, isText: true },
        { path: 'system/project.md', lines: null, isText: true },
        { path: 'system/proj2.md', lines: null, isText: true },
      ],
      isWhole: true,
    });
  });

  test('a remembered line that looks like a header is a line', () => {
    const lines = [
      '--- a/../../etc/passwd',
      '+++ b/evil',
      '@@ -1 +1 @@',
      'diff --git a/x b/x',
      'rename to y',
    ];
    const diff = [
      'diff --git a/a.md b/a.md',
      'index 1..2 100644',
      '--- a/a.md',
      '+++ b/a.md',
      `@@ -1,${String(lines.length)} +1,${String(lines.length)} @@`,
      ...lines.map((line) => `-${line}`),
      ...lines.map((line) => `+${line}`),
      '\\ No newline at end of file',
    ].join('\n');
    assert.deepEqual(parseMemoryDiff(diff), {
      files: [{ path: 'a.md', lines: { added: 5, removed: 5 }, isText: true }],
      isWhole: true,
    });
  });

  test('files without text, links, merges and hostile names cannot be undone', () => {
    const image = 'diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n';
    assert.deepEqual(parseMemoryDiff(image).files, [
      { path: 'i.png', lines: { added: 0, removed: 0 }, isText: false },
    ]);
    const link =
      'diff --git a/l b/l\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n';
    assert.equal(parseMemoryDiff(link).files[0]?.isText, false);
    assert.equal(parseMemoryDiff('diff --cc a.md\nindex 1,2..3\n').isWhole, false);
    const out = 'diff --git a/../x b/../x\n--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n';
    assert.deepEqual(parseMemoryDiff(out), { files: [], isWhole: false });
  });

  test('whatever it is given, it gives only paths inside the memory', () => {
    const piece = fc.constantFrom(
      'diff --git a/a.md b/a.md',
      'diff --git "a/\\303" "b/x',
      '--- a/../x',
      '+++ "b/\\057etc"',
      '+++ b//etc/x',
      'rename to .git/config',
      '@@ -1,9 +1 @@',
      '@@ -0,0 +1,99999999999 @@',
      '+x',
      '-y',
      '',
      '\\',
    );
    const texts = fc.oneof(
      fc.array(piece).map((all) => all.join('\n')),
      fc.string(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const { path, lines } of parseMemoryDiff(text).files) {
          assert.ok(isMemoryPath(path), path);
          assert.ok(lines === null || (lines.added >= 0 && lines.removed >= 0));
        }
      }),
    );
  });
});

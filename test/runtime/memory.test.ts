import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import { INITIAL_FOLD } from '../../src/core/foldState.ts';
import type { FoldState } from '../../src/core/foldState.ts';
import { LettaError, type ConversationRef } from '../../src/core/lettaConnection.ts';
import { undoMemory } from '../../src/core/memoryUndo.ts';
import { reduce } from '../../src/core/reduce.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import { AppServerConnection } from '../../src/server/appServer/appServerConnection.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import type { MemoryChange, NoticePart, Turn } from '../../src/shared/transcript.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';

/** What the real runtime's own tool is called with. */
const remember = (file: string, lines: string): string =>
  `CALL:memory:${JSON.stringify({
    command: 'create',
    reason: 'Remember it',
    file_path: file,
    description: 'What is known',
    file_text: lines,
  })};;`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FILE = '---\ndescription: What is known\n---\n';

suite('memory on a real App Server', function () {
  this.timeout(60_000);
  let fixture: RuntimeFixture;
  let link: BrokerLink;
  let connection: AppServerConnection;
  let ref: ConversationRef;
  let state: FoldState = INITIAL_FOLD;
  const checks = new Set<() => void>();

  async function connected(): Promise<AppServerConnection> {
    const made = await AppServerConnection.connect({
      link,
      clock: systemClock,
      logger: fixture.logger,
      clientVersion: '0.0.0-test',
      newId: randomUUID,
    });
    made.onDidReceive(({ stamped }) => {
      state = reduce(state, stamped).state;
      for (const check of [...checks]) check();
    });
    return made;
  }

  suiteSetup(async () => {
    fixture = await RuntimeFixture.create();
    link = await fixture.connect();
    connection = await connected();
    const demo = await link.startDemo();
    await connection.connectProvider(demo.providerId, demo.fields);
    await connection.listModels();
    const agent = await connection.createAgent({ name: 'Test', modelHandle: demo.modelHandle });
    ref = (
      await connection.openConversation({
        agentId: agent.id,
        conversationId: null,
        cwd: fixture.workspace,
        mode: 'unrestricted',
      })
    ).ref;
  });

  suiteTeardown(async () => {
    await fixture.dispose();
    connection.dispose();
  });

  async function until<T>(what: string, find: () => T | null): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const limit = systemClock.after(15_000, () => {
        reject(new Error(`${what} did not come: ${JSON.stringify(state.transcript.turns.at(-1))}`));
      });
      const check = (): void => {
        const found = find();
        if (found === null) return;
        limit.dispose();
        checks.delete(check);
        resolve(found);
      };
      checks.add(check);
      check();
    });
  }

  async function say(text: string): Promise<Turn> {
    const clientId = randomUUID();
    const event = { type: 'messageSubmitted', clientId, text, attachments: [] } as const;
    state = reduce(state, { event, at: Date.now(), stamp: null }).state;
    await connection.send(ref, { clientId, texts: [text] });
    return await until(
      'the end of the turn',
      () => state.transcript.turns.find((turn) => turn.id === clientId && turn.state === 'ended') ?? null,
    );
  }

  const rowIn = (turnId: string): Promise<NoticePart & { readonly memory: MemoryChange }> =>
    until('the row', () => {
      const turn = state.transcript.turns.find((one) => one.id === turnId);
      for (const part of turn?.parts ?? []) {
        if (part.kind === 'notice' && part.memory !== undefined) return { ...part, memory: part.memory };
      }
      return null;
    });

  const repository = (): string => join(fixture.stateDir, 'backend', 'memfs', ref.agentId, 'memory');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', repository(), ...args], { encoding: 'utf8' }).trim();
  const read = async (path: string): Promise<string | null> => {
    const content = await connection.memory.read(ref.agentId, path);
    return content === null ? null : new TextDecoder().decode(content);
  };

  test('what the memory tool writes is a row, and undo makes a new version without it', async () => {
    const turn = await say(`TEST ${remember('system/project.md', 'Uploads retry.\nFive times.\n')}`);
    const row = await rowIn(turn.id);
    assert.equal(row.text, 'Remembered 5 lines in project.md');
    assert.deepEqual(row.memory.files, [{ path: 'system/project.md', added: 5, removed: 0 }]);
    assert.deepEqual(row.actions, ['viewMemory', 'undoMemory']);
    assert.equal(row.memory.to, git('rev-parse', 'HEAD'));
    assert.equal(await connection.memory.readAt(ref.agentId, row.memory.from, 'system/project.md'), null);

    const count = Number(git('rev-list', '--count', 'HEAD'));
    assert.deepEqual(await undoMemory(connection.memory, ref.agentId, row.memory), { kind: 'undone' });
    assert.equal(Number(git('rev-list', '--count', 'HEAD')), count + 1);
    assert.equal(git('diff', row.memory.from, 'HEAD'), '');
    assert.equal(git('status', '--porcelain'), '');
    assert.deepEqual(await undoMemory(connection.memory, ref.agentId, row.memory), { kind: 'nothingToDo' });
    connection.memory.noteUndone(ref, row.memory);
    assert.equal((await rowIn(turn.id)).memory.isUndone, true);
  });

  test('a commit made by a command is found although the server says nothing of it', async () => {
    const script = [
      `cd ${repository()}`,
      `mkdir -p system`,
      `printf -- '---\\\\ndescription: d\\\\n---\\\\none\\\\n' > 'system/a b ü.md'`,
      `git add -A`,
      `git commit -qm quietly`,
    ].join(' && ');
    const turn = await say(`TEST CALL:Bash:{"command":"${script}","description":"d"};;`);
    const row = await rowIn(turn.id);
    assert.equal(row.text, 'Remembered 4 lines in a b ü.md');
    assert.deepEqual(await undoMemory(connection.memory, ref.agentId, row.memory), { kind: 'undone' });
    assert.equal(await read('system/a b ü.md'), null);
  });

  test('several writes of one turn are one row with what came of them together', async () => {
    const change = { command: 'str_replace', reason: 'r', file_path: 'system/two.md' };
    const replace = JSON.stringify({ ...change, old_string: 'first', new_string: 'second' });
    // Calls of one message run in parallel; two messages follow each other.
    await say(`TEST ${remember('system/two.md', 'first\n')}`);
    const turn = await say(
      `TEST CALL:memory:${replace};; ${remember('system/three.md', 'x\n')} CALL:memory:${JSON.stringify({ command: 'delete', reason: 'r', file_path: 'system/none.md' })};;`,
    );
    const row = await until('both files', () => {
      const rows = state.transcript.turns.find((one) => one.id === turn.id)?.parts ?? [];
      const found = rows.filter((part) => part.kind === 'notice' && part.memory !== undefined);
      const [first] = found;
      return first?.kind === 'notice' && first.memory?.files.length === 2
        ? { first, count: found.length }
        : null;
    });
    assert.equal(row.count, 1);
    assert.equal(row.first.text, 'Remembered 5 lines in 2 files');
  });

  test('a file that was changed since is left alone', async () => {
    const turn = await say(`TEST ${remember('system/later.md', 'one\n')}`);
    const row = await rowIn(turn.id);
    await connection.memory.write(ref.agentId, 'system/later.md', bytes(`${FILE}one\ntwo\n`), 'mine');
    assert.deepEqual(await undoMemory(connection.memory, ref.agentId, row.memory), {
      kind: 'changedSince',
      paths: ['system/later.md'],
    });
    assert.equal(await read('system/later.md'), `${FILE}one\ntwo\n`);
  });

  test('what the person writes here is not told as remembered, and is listed and read', async () => {
    await connection.memory.write(ref.agentId, 'system/mine.md', bytes(`${FILE}my own\n`), 'mine');
    const turn = await say('TEST N=3 D=1');
    assert.equal(
      turn.parts.some((part) => part.kind === 'notice'),
      false,
    );
    const files = await connection.memory.list(ref.agentId);
    assert.deepEqual(files.map((file) => file.path).toSorted(), [
      'system/later.md',
      'system/mine.md',
      'system/three.md',
      'system/two.md',
    ]);
    for (let index = 0; index < 7; index++) {
      const path = `more/${String(index)}.md`;
      await connection.memory.write(ref.agentId, path, bytes(`${FILE}${path}\n`), 'mine');
    }
    // The server lists five files a frame.
    assert.equal((await connection.memory.list(ref.agentId)).length, 11);
  });

  test('what the server does not accept is said in words, and does not stay in the way of the agent', async () => {
    for (const path of ['system/two.md', 'system/brandNew.md']) {
      await assert.rejects(
        connection.memory.write(ref.agentId, path, bytes('no header\n'), 'mine'),
        (error: unknown) =>
          error instanceof LettaError &&
          /does not accept this: .*missing frontmatter/.test(error.message) &&
          !/git|commit/.test(error.message),
      );
      assert.equal(git('status', '--porcelain'), '', path);
    }
    await assert.rejects(connection.memory.read(ref.agentId, '../../agents'), /not a file of the memory/);
    await assert.rejects(connection.memory.readAt(ref.agentId, 'HEAD', 'system/two.md'), /not a version/);
  });

  test('after a reload history gives the rows again, undone ones as undone', async () => {
    const rows = (): readonly string[] =>
      state.transcript.turns.flatMap((turn) =>
        turn.parts.flatMap((part) =>
          part.kind === 'notice' && part.memory !== undefined
            ? [`${part.text}${part.memory.isUndone ? ', undone' : ''}`]
            : [],
        ),
      );
    assert.ok(rows().includes('Remembered 5 lines in project.md, undone'));
    state = INITIAL_FOLD;
    await connection.readHistory(ref, null, 50);
    await until('the rows', () => (rows().length >= 4 ? true : null));
    assert.deepEqual(rows(), [
      'Remembered 5 lines in project.md, undone',
      'Remembered 4 lines in two.md',
      'Remembered 5 lines in 2 files',
      'Remembered 4 lines in later.md',
    ]);
    const parts = state.transcript.turns[0]?.parts.map((part) => part.kind);
    assert.deepEqual(parts, ['user', 'text', 'tool', 'notice', 'text']);
  });
});

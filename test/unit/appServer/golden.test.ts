import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { suite, test } from 'mocha';
import { foldAll, replayJson, replayText } from '../../../src/core/replay.ts';
import { decodeRecording } from '../../../src/server/appServer/recording.ts';
import { RECORDINGS, recordedRows } from '../../support/coreRecordings.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/app-server');

/** `UPDATE_GOLDEN=1 npm test` writes what is folded now; the difference is then to be read. */
function matchesGolden(file: string, actual: string): void {
  const path = join(GOLDEN, file);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.ok(existsSync(path), `${file} is missing: run with UPDATE_GOLDEN=1 and read it`);
  assert.equal(actual, readFileSync(path, 'utf8'));
}

suite('recordings of a real App Server', () => {
  for (const name of RECORDINGS) {
    test(`${name} folds to its golden transcript`, () => {
      const conversations = decodeRecording(recordedRows(name));
      matchesGolden(`${name}.txt`, replayText(conversations));
      matchesGolden(`${name}.json`, replayJson(conversations));
    });
  }

  test('every golden file belongs to a recording', () => {
    const names = new Set(readdirSync(GOLDEN).map((file) => file.replace(/\.(txt|json)$/, '')));
    assert.deepEqual([...names].sort(), RECORDINGS);
  });

  test('nothing in them is unknown, and nothing is left running by a server that said it finished', () => {
    for (const name of RECORDINGS) {
      for (const { events } of decodeRecording(recordedRows(name))) {
        const { transcript } = foldAll(events);
        for (const turn of transcript.turns) {
          for (const part of turn.parts) {
            assert.ok(part.kind !== 'notice' || part.code !== 'unknown', `${name}: ${part.id}`);
            const isOpen = part.kind === 'tool' && ['announced', 'allowed', 'running'].includes(part.state);
            assert.ok(turn.state !== 'ended' || !isOpen, `${name}: ${part.id} is left open`);
          }
        }
      }
    }
  });
});

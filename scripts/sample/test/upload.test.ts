import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPhotos } from '../src/queue.ts';
import { upload } from '../src/upload.ts';

const photo = (name: string, takenAt: number) => ({ name, takenAt, bytes: new Uint8Array([1, 2, 3]) });

test('the newest photos go first', () => {
  const names = nextPhotos([photo('a', 1), photo('c', 3), photo('b', 2)], 2).map(({ name }) => name);
  assert.deepEqual(names, ['c', 'b']);
});

test('a photo that arrives has an id', async () => {
  const send = async () => Response.json({ id: 'p-1' });
  const id = await upload(photo('a', 1), { url: 'http://archive', maxAttempts: 3, delayMs: 1, send });
  assert.equal(id, 'p-1');
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { parseServerFile, parseWindowMessage } from '../../../src/shared/wire.ts';

suite('messages of windows to the broker', () => {
  test('frames and known commands are understood', () => {
    assert.deepEqual(parseWindowMessage('{"frame":{"type":"input"}}'), { frame: { type: 'input' } });
    assert.deepEqual(parseWindowMessage('{"broker":{"type":"shutdown","id":3,"more":1}}'), {
      broker: { type: 'shutdown', id: 3 },
    });
  });

  test('anything else is null', () => {
    for (const text of [
      '',
      '{',
      'null',
      '[1]',
      '5',
      '{"frame":[]}',
      '{"broker":{"type":"x","id":1}}',
      '{"broker":{"type":"shutdown"}}',
    ]) {
      assert.equal(parseWindowMessage(text), null, text);
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        const message = parseWindowMessage(text);
        return message === null || 'frame' in message || typeof message.broker.id === 'number';
      }),
    );
  });

  test('a server file is complete or none', () => {
    const file = { port: 1, pid: 2, token: 't', version: 'v' };
    assert.deepEqual(parseServerFile(JSON.stringify({ ...file, more: 1 })), file);
    for (const key of Object.keys(file)) {
      assert.equal(parseServerFile(JSON.stringify({ ...file, [key]: null })), null, key);
    }
  });
});

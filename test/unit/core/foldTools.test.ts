import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import type { LettaEvent } from '../../../src/core/lettaEvent.ts';
import {
  Log,
  answered,
  asked,
  called,
  device,
  finished,
  phase,
  returned,
  said,
  submitted,
} from '../../support/coreLog.ts';

const begun = (...calls: readonly string[]): Log =>
  new Log().own(submitted('c1')).in(...calls.map((id) => called(id)));

suite('tool calls', () => {
  test('from announced through the question to running and done', () => {
    const log = begun('x');
    assert.equal(log.part('tool').state, 'announced');
    log.in({ type: 'approvalsClassified', askedCallIds: ['x'], allowedCallIds: [], deniedCallIds: [] });
    log.in(asked('x', '{"command":"ls"}'));
    assert.equal(log.part('tool').state, 'waitingForApproval');
    assert.equal(log.part('tool').approval?.input, '{"command":"ls"}');
    log.in(device(true, ['perm-x'])).own(answered('x', 'allow'));
    assert.equal(log.part('tool').approval?.state, 'answering');
    log.in(device(true, []));
    assert.deepEqual([log.part('tool').state, log.part('tool').approval?.state], ['allowed', 'allowed']);
    log.in({ type: 'toolStarted', callId: 'x', name: 'Bash', args: '{}' });
    log.in(
      { type: 'toolOutput', callId: 'x', output: 'a' },
      { type: 'toolOutput', callId: 'x', output: 'a\nb' },
    );
    assert.deepEqual([log.part('tool').state, log.part('tool').output], ['running', 'a\nb']);
    log.in({ type: 'toolEnded', callId: 'x', isError: false }, returned('x', 'short'));
    log.from('B', { type: 'toolOutput', callId: 'x', output: 'a\nb' });
    assert.deepEqual([log.part('tool').state, log.part('tool').output], ['done', 'short']);
  });

  test('a denied call stays denied, with its reason, whatever comes back', () => {
    const log = begun('x')
      .in(asked('x'), device(true, ['perm-x']))
      .own(answered('x', 'deny', 'not now'));
    log.in(returned('x', 'not now', true), { type: 'toolEnded', callId: 'x', isError: true });
    const tool = log.part('tool');
    assert.deepEqual(
      [tool.state, tool.approval?.state, tool.approval?.reason],
      ['denied', 'denied', 'not now'],
    );
  });

  test('questions of one step are counted', () => {
    const log = begun('x', 'y', 'z');
    log.in({
      type: 'approvalsClassified',
      askedCallIds: ['x', 'z'],
      allowedCallIds: ['y'],
      deniedCallIds: [],
    });
    log.in(asked('x'), asked('z'));
    assert.deepEqual(
      ['x', 'z'].map((id) => [log.part('tool', id).approval?.index, log.part('tool', id).approval?.total]),
      [
        [1, 2],
        [2, 2],
      ],
    );
    assert.equal(log.part('tool', 'y').state, 'allowed');
  });

  test('an answer the server no longer takes is said', () => {
    const log = begun('x').in(asked('x')).own(answered('x', 'allow'));
    log.own({ type: 'approvalRefused', requestId: 'perm-x', message: 'no longer pending' });
    assert.equal(log.part('tool').approval?.state, 'expired');
    assert.match(log.part('notice').text, /no longer pending/);
  });

  test('a question answered elsewhere is no longer asked', () => {
    const log = begun('x').in(asked('x'), device(true, ['perm-x']), device(true, []));
    assert.equal(log.part('tool').approval?.state, 'expired');
    log.in(phase('runningTool', [], ['x']));
    assert.deepEqual([log.part('tool').state, log.part('tool').approval?.state], ['running', 'allowed']);
  });

  test('a question asked again after a reconnect is open again, with its turn', () => {
    const log = begun('x').in(asked('x')).own({ type: 'connectionLost', message: 'gone' });
    assert.equal(log.part('tool').approval?.state, 'expired');
    log.from('B', asked('x'));
    assert.deepEqual([log.part('tool').state, log.turn().state], ['waitingForApproval', 'active']);
  });

  test('calls without a result are closed at the end of the turn', () => {
    const ended = begun('x').in(finished());
    assert.equal(ended.part('tool').state, 'failed');
    assert.notEqual(ended.part('tool').output, '');
    const stopped = begun('x').in(asked('x')).own({ type: 'stopRequested' }, { type: 'stopConfirmed' });
    assert.deepEqual(
      [stopped.part('tool').state, stopped.part('tool').approval?.state],
      ['stopped', 'expired'],
    );
  });

  test('an error that the stop itself made is not a failure of the tool', () => {
    const log = begun('x').in({ type: 'toolStarted', callId: 'x', name: 'Bash', args: '' });
    log.own({ type: 'stopRequested' }).in(returned('x', 'Interrupted by user', true));
    assert.equal(log.part('tool').state, 'stopped');
  });

  test('arguments in pieces are put together', () => {
    const piece = (args: string): LettaEvent => ({
      type: 'toolCalled',
      callId: 'x',
      name: 'Bash',
      args,
      isWhole: false,
      order: null,
    });
    const log = new Log().own(submitted('c1')).in(piece('{"a"'), piece(':1'), piece('}'));
    assert.equal(log.part('tool').args, '{"a":1}');
  });

  test('an id that names two things in one turn keeps both', () => {
    const log = new Log().own(submitted('c1')).in(called('x'), said('x', 'words'));
    assert.equal(log.part('text').text, 'words');
    assert.equal(log.part('tool').id, 'x');
  });
});

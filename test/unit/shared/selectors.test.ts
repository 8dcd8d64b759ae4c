import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import {
  byteSize,
  duration,
  exactDuration,
  isSameRows,
  lastPrompt,
  openApprovals,
  rangeLabel,
  replyText,
  rowsOf,
  tokenCount,
  tokensPerSecond,
  toolStateText,
  turnName,
} from '../../../src/shared/selectors.ts';
import { PANEL_STRINGS } from '../../../src/shared/strings.ts';
import { NO_METRICS } from '../../../src/shared/transcript.ts';
import { asking, running, text, thought, tool, turn, user } from '../../support/panelParts.ts';

const read = (id: string, state: 'done' | 'running' | 'failed' = 'done') =>
  tool(id, 'Read', { file_path: `${id}.ts` }, { state });

suite('selectors', () => {
  test('neighbouring reads share a row, a failed one and all else stand alone', () => {
    const parts = [
      user('u', 'Hi'),
      read('a'),
      read('b', 'running'),
      read('c', 'failed'),
      read('d'),
      text('x', 'ok'),
      read('e'),
    ];
    assert.deepEqual(
      rowsOf(parts).map(({ kind, partIds }) => `${kind} ${partIds.join('+')}`),
      ['user u', 'reads a+b', 'tool c', 'reads d', 'text x', 'reads e'],
    );
  });

  test('a row keeps its id when it grows; empty reasoning that is over has none', () => {
    assert.equal(rowsOf([read('a')])[0]?.id, rowsOf([read('a'), read('b')])[0]?.id);
    assert.deepEqual(rowsOf([thought('r', '', 2)]), []);
    assert.equal(rowsOf([thought('r', '', null)]).length, 1);
  });

  test('rows are the same only when kinds and parts are', () => {
    const rows = rowsOf([read('a'), read('b')]);
    assert.equal(isSameRows(rows, rowsOf([read('a'), read('b')])), true);
    assert.equal(isSameRows(rows, rowsOf([read('a')])), false);
    assert.equal(isSameRows(rows, rowsOf([read('a'), read('c')])), false);
    assert.equal(isSameRows(rows, rowsOf([read('a', 'failed')])), false);
  });

  test('a turn is named by the first words of its prompt', () => {
    assert.equal(
      turnName(turn('t', [user('u', '  Why\n does it  fail? ')]), PANEL_STRINGS),
      'Why does it fail?',
    );
    const long = turnName(turn('t', [user('u', 'word '.repeat(40))]), PANEL_STRINGS);
    assert.ok(long.length <= 61 && long.endsWith('word…'), long);
    assert.equal(turnName(turn('t', [text('x', 'Hi')]), PANEL_STRINGS), 'Started by the agent');
    assert.equal(turnName(turn('t', [user('u', ' ')]), PANEL_STRINGS), 'Message');
  });

  test('open approvals: of turns that run, pending or being answered, oldest first', () => {
    const answering = asking('b', 'Bash', {});
    const parts = [
      asking('a', 'Bash', {}),
      {
        ...answering,
        approval: answering.approval === null ? null : { ...answering.approval, state: 'answering' as const },
      },
      tool('c', 'Bash', {}),
    ];
    const ids = (turns: Parameters<typeof openApprovals>[0]['turns']) =>
      openApprovals({ turns, hasOlder: false }).map(({ part }) => part.id);
    assert.deepEqual(ids([running('t', parts)]), ['a', 'b']);
    assert.deepEqual(ids([turn('t', parts)]), []);
  });

  test('the last prompt is the person’s newest; the reply is the agent’s words only', () => {
    const turns = [
      turn('a', [user('u1', 'one'), text('x', ' Hello '), thought('r', 'hm', 1), text('y', 'there')]),
      turn('b', [text('z', 'by itself')]),
    ];
    assert.equal(lastPrompt({ turns, hasOlder: false }), 'one');
    assert.equal(lastPrompt({ turns: [], hasOlder: false }), '');
    assert.equal(turns[0] === undefined ? '' : replyText(turns[0]), 'Hello\n\nthere');
  });

  test('figures in words', () => {
    assert.equal(duration(-5, PANEL_STRINGS), '0 s');
    assert.equal(duration(59_400, PANEL_STRINGS), '59 s');
    assert.equal(duration(125_000, PANEL_STRINGS), '2 min 5 s');
    assert.equal(exactDuration(840, PANEL_STRINGS), '0.8 s');
    assert.equal(exactDuration(9960, PANEL_STRINGS), '10 s');
    assert.equal(tokenCount(1204, false, PANEL_STRINGS), '1,204 tokens');
    assert.equal(tokenCount(1, true, PANEL_STRINGS), '≈1 token');
    assert.equal(byteSize(512, PANEL_STRINGS), '512 B');
    assert.equal(byteSize(1536, PANEL_STRINGS), '1.5 KB');
    assert.equal(byteSize(65_536, PANEL_STRINGS), '64 KB');
    assert.equal(rangeLabel('a.ts', null), 'a.ts');
    assert.equal(rangeLabel('a.ts', [3, 3]), 'a.ts:3');
    assert.equal(rangeLabel('a.ts', [3, 9]), 'a.ts:3–9');
  });

  test('speed is of the writing, and absent when it cannot be known', () => {
    const metrics = { ...NO_METRICS, startedAt: 0, firstTokenAt: 8000, endedAt: 10_000, outputTokens: 128 };
    assert.equal(tokensPerSecond(metrics), 64);
    assert.equal(tokensPerSecond({ ...metrics, firstTokenAt: null }), 12.8);
    assert.equal(tokensPerSecond({ ...metrics, endedAt: null }), null);
    assert.equal(tokensPerSecond({ ...metrics, outputTokens: 0 }), null);
    assert.equal(tokensPerSecond({ ...metrics, endedAt: 8001 }), null);
  });

  test('every tool state has its word', () => {
    const states = [
      'announced',
      'waitingForApproval',
      'allowed',
      'running',
      'done',
      'failed',
      'denied',
      'stopped',
    ] as const;
    assert.deepEqual(
      states.map((state) => toolStateText(state, PANEL_STRINGS)),
      ['preparing', 'waiting for approval', 'allowed', 'running', 'done', 'failed', 'denied', 'stopped'],
    );
  });
});

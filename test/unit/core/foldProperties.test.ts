import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { INITIAL_FOLD } from '../../../src/core/foldState.ts';
import type { FoldState } from '../../../src/core/foldState.ts';
import type { HistoryMessage, StampedEvent } from '../../../src/core/lettaEvent.ts';
import { coalesce } from '../../../src/core/publisher.ts';
import { reduce } from '../../../src/core/reduce.ts';
import { foldAll } from '../../../src/core/replay.ts';
import { decodeRecording } from '../../../src/server/appServer/recording.ts';
import { applyPatches } from '../../../src/shared/patch.ts';
import type { TranscriptPatch } from '../../../src/shared/patch.ts';
import { EMPTY_TRANSCRIPT } from '../../../src/shared/transcript.ts';
import type { Transcript } from '../../../src/shared/transcript.ts';
import {
  RECORDINGS,
  frameOf,
  isReceived,
  recordedRows,
  shown,
  withFrame,
} from '../../support/coreRecordings.ts';
import type { Row } from '../../support/coreRecordings.ts';

const LOADED = new Map(RECORDINGS.map((name) => [name, recordedRows(name)]));
const recording = fc.constantFrom(...RECORDINGS).map((name) => LOADED.get(name) ?? []);
const RUNS = { numRuns: 300 };
/** The server's numbers, spread so that rows fit in between. */
const SPREAD = 1000;

function spread(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => {
    const seq = frameOf(row)?.['event_seq'];
    return typeof seq === 'number' ? withFrame(row, { event_seq: seq * SPREAD }) : row;
  });
}

suite('properties of the fold', () => {
  test('frames that are delivered again, at any later time, change nothing', () => {
    fc.assert(
      fc.property(
        recording,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 20 }),
        (rows, picks) => {
          const delivered = [...rows];
          for (const [what, where] of picks) {
            const from = what % rows.length;
            const row = rows[from];
            if (row === undefined || !isReceived(row)) continue;
            const first = delivered.indexOf(row);
            delivered.splice(first + 1 + (where % (delivered.length - first)), 0, row);
          }
          assert.deepEqual(shown(delivered), shown(rows));
        },
      ),
      RUNS,
    );
  });

  test('a prefix, a suffix or the whole delivered once more changes nothing', () => {
    fc.assert(
      fc.property(recording, fc.nat(), fc.nat(), (rows, from, length) => {
        const start = from % rows.length;
        const again = rows.slice(start, start + 1 + (length % rows.length)).filter(isReceived);
        assert.deepEqual(shown([...rows, ...again]), shown(rows));
      }),
      RUNS,
    );
  });

  test('splitting deltas gives the same transcript', () => {
    fc.assert(
      fc.property(recording, fc.infiniteStream(fc.nat({ max: 12 })), (rows, cuts) => {
        const whole = spread(rows);
        const split = whole.flatMap((row) => splitDelta(row, cuts));
        assert.deepEqual(shown(split), shown(whole));
      }),
      RUNS,
    );
  });

  test('merging neighbouring deltas gives the same transcript', () => {
    fc.assert(
      fc.property(recording, fc.infiniteStream(fc.boolean()), (rows, choices) => {
        const merged: Row[] = [];
        for (const row of rows) {
          const last = merged.at(-1);
          const both = last === undefined ? null : mergeDeltas(last, row);
          const isChosen: unknown = choices.next().value;
          if (both !== null && isChosen === true) merged[merged.length - 1] = both;
          else merged.push(row);
        }
        assert.deepEqual(shown(merged), shown(rows));
      }),
      RUNS,
    );
  });

  test('patches through JSON and a coalescer give the transcript of the host', () => {
    fc.assert(
      fc.property(recording, fc.infiniteStream(fc.nat({ max: 30 })), (rows, sizes) => {
        for (const { events } of decodeRecording(rows)) {
          let state = INITIAL_FOLD;
          let mirror: Transcript = EMPTY_TRANSCRIPT;
          let gathered: TranscriptPatch[] = [];
          const flush = (): void => {
            const sent: unknown = JSON.parse(JSON.stringify(coalesce(gathered)));
            mirror = applyPatches(mirror, sent as readonly TranscriptPatch[]); // the same patches, through JSON
            gathered = [];
          };
          for (const event of events) {
            const step = reduce(state, event);
            assert.deepEqual(applyPatches(state.transcript, step.patches), step.state.transcript);
            state = step.state;
            gathered.push(...step.patches);
            if (sizes.next().value === 0) flush();
          }
          flush();
          assert.deepEqual(mirror, state.transcript);
        }
      }),
      RUNS,
    );
  });

  test('a window that comes in the middle and reads history sees the same words', () => {
    fc.assert(
      fc.property(recording, fc.nat(), (rows, at) => {
        // Two turns at once with one text id between them: the server's own fault (PROTOCOL b.12).
        if (rows === LOADED.get('07b-external-tool-errors')) return;
        for (const { events } of decodeRecording(rows)) {
          if (!isWholeTurn(events)) continue;
          const cut = at % events.length;
          const before = foldAll(events.slice(0, cut));
          const late = foldAll([...joined(before), ...events.slice(cut)]);
          assert.deepEqual(words(late), words(foldAll(events)));
        }
      }),
      RUNS,
    );
  });

  test('text only grows until its turn ends, and an ended turn that the server finished stays ended', () => {
    fc.assert(
      fc.property(recording, (rows) => {
        for (const { events } of decodeRecording(rows)) {
          let state = INITIAL_FOLD;
          for (const event of events) {
            const next = reduce(state, event).state;
            if (event.event.type !== 'historyRead') assertGrown(state, next);
            state = next;
          }
        }
      }),
      { numRuns: RECORDINGS.length * 3 },
    );
  });
});

function assertGrown(before: FoldState, after: FoldState): void {
  for (const turn of before.transcript.turns) {
    const next = after.transcript.turns.find((other) => other.id === turn.id);
    for (const part of turn.parts) {
      if (part.kind !== 'text' && part.kind !== 'reasoning') continue;
      const grown = next?.parts.find((other) => other.id === part.id);
      assert.ok(grown !== undefined && 'text' in grown && grown.text.startsWith(part.text));
    }
    if (turn.outcome?.kind === 'completed') assert.equal(next?.state, 'ended');
  }
}

/** One connection, nothing stopped, lost or read in between: what history would hold at any time is what was shown. */
function isWholeTurn(events: readonly StampedEvent[]): boolean {
  const sources = new Set(events.map(({ stamp }) => stamp?.source).filter((source) => source !== undefined));
  if (sources.size > 1) return false;
  return !events.some(({ event }) =>
    ['connectionLost', 'historyRead', 'stopRequested', 'failed', 'retrying', 'commandRan', 'notice'].includes(
      event.type,
    ),
  );
}

/** What a new window gets before the rest: the state, then history as the server would tell it. */
function joined(state: FoldState): readonly StampedEvent[] {
  const messages = state.transcript.turns.flatMap((turn) => turn.parts.flatMap(historyOf));
  const pendingRequestIds = state.memory.pendingRequestIds;
  const { phase, isProcessing, mode, cwd } = state;
  const asked = state.transcript.turns.flatMap((turn) => turn.parts.flatMap(askedAgain));
  const items = state.queue
    .filter((entry) => entry.itemId !== null)
    .map((entry) => ({
      itemId: entry.itemId ?? '',
      clientId: entry.clientId,
      text: entry.text,
      isPaused: false,
    }));
  const local = (event: StampedEvent['event']): StampedEvent => ({ event, at: 0, stamp: null });
  return [
    local({ type: 'deviceChanged', mode, cwd, isProcessing, pendingRequestIds }),
    local({ type: 'phaseChanged', phase, runIds: [], executingCallIds: [] }),
    local({ type: 'queueChanged', items, removed: [] }),
    local({ type: 'historyRead', place: 'newest', page: { messages, before: null } }),
    ...asked.map(local),
  ];
}

type Part = Transcript['turns'][number]['parts'][number];

function askedAgain(part: Part): readonly StampedEvent['event'][] {
  if (part.kind !== 'tool' || part.approval?.state !== 'pending') return [];
  const { requestId, input, diffs } = part.approval;
  return [{ type: 'approvalAsked', requestId, callId: part.id, name: part.name, input, diffs }];
}

function historyOf(part: Part): readonly HistoryMessage[] {
  switch (part.kind) {
    case 'user': {
      const { id, text, attachments, origin, delivery } = part;
      if (delivery === 'unsent') return [];
      return [{ kind: 'user', at: null, id: `server-${id}`, clientId: id, text, attachments, origin }];
    }
    case 'text':
    case 'reasoning':
      return [{ kind: part.kind, at: null, id: part.id, text: part.text }];
    case 'tool': {
      const call = { kind: 'toolCall', at: null, callId: part.id, name: part.name, args: part.args } as const;
      const isBack = ['done', 'failed', 'denied'].includes(part.state) && part.output !== '';
      if (!isBack) return [call];
      const isError = part.state !== 'done';
      return [call, { kind: 'toolReturn', at: null, callId: part.id, isError, output: part.output }];
    }
    case 'notice':
      return [];
  }
}

function words(state: FoldState): unknown {
  return state.transcript.turns
    .flatMap((turn) =>
      turn.parts.map((part) => {
        switch (part.kind) {
          case 'user':
          case 'text':
          case 'reasoning':
            return [part.kind, part.id, part.text];
          case 'tool':
            return [part.kind, part.id, part.args, part.output];
          case 'notice':
            return [];
        }
      }),
    )
    .filter((part) => part.length > 0);
}

function deltaOf(row: Row): { readonly delta: Row; readonly text: string } | null {
  const frame = frameOf(row);
  const delta = frame?.['delta'];
  if (row['dir'] !== 'in' || typeof delta !== 'object' || delta === null) return null;
  const fields = delta as Row; // JSON object of the recording
  if (fields['message_type'] === 'reasoning_message')
    return { delta: fields, text: String(fields['reasoning']) };
  if (fields['message_type'] !== 'assistant_message') return null;
  const content = fields['content'] as readonly { readonly text: string }[]; // as this server sends it
  return { delta: fields, text: content.map((part) => part.text).join('') };
}

function withText(row: Row, delta: Row, text: string, changes: Row = {}): Row {
  const said =
    delta['message_type'] === 'reasoning_message'
      ? { reasoning: text }
      : { content: [{ type: 'text', text }] };
  return withFrame(row, { delta: { ...delta, ...said }, ...changes });
}

function splitDelta(row: Row, cuts: Iterator<number>): readonly Row[] {
  const found = deltaOf(row);
  const seq = frameOf(row)?.['event_seq'];
  if (found === null || typeof seq !== 'number') return [row];
  const pieces: string[] = [];
  let rest = found.text;
  while (rest !== '') {
    const cut = Number(cuts.next().value);
    if (cut === 0 || cut >= rest.length) break;
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  pieces.push(rest);
  return pieces.map((text, index) => withText(row, found.delta, text, { event_seq: seq + index }));
}

function mergeDeltas(first: Row, second: Row): Row | null {
  const a = deltaOf(first);
  const b = deltaOf(second);
  if (a === null || b === null || first['conn'] !== second['conn']) return null;
  if (a.delta['id'] !== b.delta['id'] || a.delta['run_id'] !== b.delta['run_id']) return null;
  const changes = { event_seq: frameOf(second)?.['event_seq'] };
  return withText(first, { ...a.delta, seq_id: b.delta['seq_id'] }, a.text + b.text, changes);
}

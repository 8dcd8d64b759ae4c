import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { foldAll } from '../../src/core/replay.ts';
import type { FoldState } from '../../src/core/foldState.ts';
import { decodeRecording, parseRecording } from '../../src/server/appServer/recording.ts';

export type Row = Readonly<Record<string, unknown>>;

const FOLDER = join(import.meta.dirname, '../fixtures/app-server');

/** Names of the recordings of a real App Server, without their ending. */
export const RECORDINGS: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => basename(file, '.jsonl'))
  .sort();

export function recordedRows(name: string): readonly Row[] {
  return parseRecording(readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8'));
}

export function frameOf(row: Row): Row | null {
  const frame = row['frame'];
  return typeof frame === 'object' && frame !== null ? (frame as Row) : null; // JSON object of the recording
}

export function withFrame(row: Row, changes: Row): Row {
  return { ...row, frame: { ...frameOf(row), ...changes } };
}

export function isReceived(row: Row): boolean {
  return row['dir'] === 'in' && frameOf(row) !== null;
}

/** Every conversation of the rows, folded: what is compared where two deliveries have to mean the same. */
export function foldRows(rows: readonly Row[]): readonly { readonly id: string; readonly fold: FoldState }[] {
  return decodeRecording(rows).map(({ ref, events }) => ({ id: ref.conversationId, fold: foldAll(events) }));
}

/** The part of a fold that a person can see. */
export function shown(rows: readonly Row[]): unknown {
  return foldRows(rows).map(({ id, fold }) => ({ id, transcript: fold.transcript, queue: fold.queue }));
}

import { visible } from '../../src/shared/visible.ts';

/** Escape sequences of terminals: colours and cursor moves say nothing in a panel. */
const TERMINAL = new RegExp(
  String.raw`\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])`,
  'gu',
);

export interface OutputTail {
  readonly text: string;
  /** Lines before `text` that are not in it. */
  readonly earlierLines: number;
  readonly isCut: boolean;
}

const MAX_LENGTH = 20_000;

/** The last lines of an output as they can be read: no terminal codes, a rewritten line in its last state. */
export function outputTail(output: string, maxLines: number): OutputTail {
  const end = output.endsWith('\n') ? output.length - 1 : output.length;
  let lineStart = end + 1;
  for (let line = 0; line < maxLines && lineStart > 0; line++) {
    lineStart = lineStart < 2 ? 0 : output.lastIndexOf('\n', lineStart - 2) + 1;
  }
  const cutStart = Math.max(lineStart, end - MAX_LENGTH);
  const shown = output.slice(cutStart, end).replaceAll('\r\n', '\n').replaceAll(TERMINAL, '');
  const lines = shown.split('\n').map((line) => line.slice(line.lastIndexOf('\r', line.length - 2) + 1));
  return {
    text: visible(lines.join('\n').replaceAll('\r', '')).text,
    earlierLines: countLines(output, lineStart),
    isCut: cutStart > 0,
  };
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { replayJson, replayText } from '../src/core/replay.ts';
import { decodeRecording, parseRecording } from '../src/server/appServer/recording.ts';

/** `npm run replay -- FILE.jsonl [--json]`: the transcripts that a recording folds to. */
function main(args: readonly string[]): number {
  const file = args.find((arg) => !arg.startsWith('--'));
  const unknown = args.filter((arg) => arg.startsWith('--') && arg !== '--json');
  if (file === undefined || unknown.length > 0) {
    process.stderr.write('Usage: npm run replay -- FILE.jsonl [--json]\n');
    return 2;
  }
  let jsonl: string;
  try {
    jsonl = readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const conversations = decodeRecording(parseRecording(jsonl));
  process.stdout.write(args.includes('--json') ? replayJson(conversations) : replayText(conversations));
  return 0;
}

process.exitCode = main(process.argv.slice(2));

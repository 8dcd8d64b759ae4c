import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { JournalRecord, JournalStore } from '../core/journal.ts';
import type { Logger } from '../core/ports.ts';
import type { Turn } from '../shared/transcript.ts';
import { namesIn, readIfThere, removeFile, renameIfThere, writeDurably } from './durableFiles.ts';

/** More is not kept of one conversation: the oldest go first. */
const MAX_TURNS = 200;
const MAX_TURN_BYTES = 4 * 1024 * 1024;

/** Our own file: its outline is checked, so that a file of another version is set aside and not shown half. */
const keptTurn = v.looseObject({
  id: v.string(),
  state: v.picklist(['pending', 'active', 'stopping', 'ended']),
  outcome: v.nullable(v.looseObject({ kind: v.string() })),
  parts: v.array(
    v.looseObject({ id: v.string(), kind: v.picklist(['user', 'text', 'reasoning', 'tool', 'notice']) }),
  ),
  metrics: v.looseObject({ startedAt: v.nullable(v.number()), steps: v.number() }),
});
const keptRecord = v.object({
  version: v.literal(1),
  writtenAt: v.number(),
  afterTurnId: v.nullable(v.string()),
  turn: v.custom<Turn>((value) => v.is(keptTurn, value)),
});

/** `<folder>/<conversation>/<turn>.json`: what was seen of turns that the server may not keep. */
export class JournalFiles implements JournalStore {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #now: () => number;

  constructor(folder: string, logger: Logger, now: () => number) {
    this.#folder = folder;
    this.#logger = logger;
    this.#now = now;
  }

  async read(key: string): Promise<readonly JournalRecord[]> {
    const folder = this.#folderOf(key);
    const records: (JournalRecord & { readonly writtenAt: number; readonly path: string })[] = [];
    for (const name of await namesIn(folder)) {
      if (!name.endsWith('.json')) continue;
      const path = join(folder, name);
      const text = await readIfThere(path);
      if (text === null) continue;
      const kept = v.safeParse(v.pipe(v.string(), v.parseJson(), keptRecord), text);
      if (kept.success) records.push({ ...kept.output, path });
      else {
        this.#logger.warn('A turn that was seen was not readable and is set aside');
        await renameIfThere(path, `${path}.broken`);
      }
    }
    const startOf = ({ turn, writtenAt }: (typeof records)[number]): number =>
      turn.metrics.startedAt ?? writtenAt;
    records.sort((a, b) => startOf(a) - startOf(b));
    for (const { path } of records.splice(0, Math.max(0, records.length - MAX_TURNS))) await removeFile(path);
    return records.map(({ turn, afterTurnId }) => ({ turn, afterTurnId }));
  }

  async write(key: string, { turn, afterTurnId }: JournalRecord): Promise<void> {
    const text = JSON.stringify({ version: 1, writtenAt: this.#now(), afterTurnId, turn });
    if (text.length > MAX_TURN_BYTES) {
      this.#logger.warn('A turn is too large to be written down beside the server');
      return;
    }
    await mkdir(this.#folderOf(key), { recursive: true, mode: 0o700 });
    await writeDurably(this.#path(key, turn.id), text);
  }

  async remove(key: string, turnId: string): Promise<void> {
    await removeFile(this.#path(key, turnId));
  }

  #folderOf(key: string): string {
    return join(this.#folder, digest(key));
  }

  #path(key: string, turnId: string): string {
    return join(this.#folderOf(key), `${digest(turnId)}.json`);
  }
}

/** Ids come from servers and webviews: only their digest becomes a name. */
function digest(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

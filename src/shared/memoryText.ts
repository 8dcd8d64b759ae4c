import { format, type PanelStrings } from './strings.ts';
import type { MemoryChange } from './transcript.ts';
import { visible } from './visible.ts';

const MAX_PATH = 512;

/**
 * A path inside an agent's memory that may be read, shown and written: relative, without ways out, and nothing of the
 * version history itself.
 */
export function isMemoryPath(path: string): boolean {
  if (path === '' || path.length > MAX_PATH || /[\0\\]/.test(path) || /^[a-z]:/i.test(path)) return false;
  return path.split('/').every((name) => !/^(\.{0,2}|\.git)$/i.test(name));
}

/** On one line, with hidden characters as escapes. */
export function shownPath(path: string): string {
  const shown = path.replaceAll('\n', '\\u{a}').replaceAll('\t', '\\u{9}');
  return visible(shown).text;
}

/** "Remembered 2 lines in project.md", "Forgot 1 line in 3 files". */
export function memoryTitle({ files }: MemoryChange, strings: PanelStrings): string {
  const [first] = files;
  const name = first?.path.split('/').at(-1) ?? '';
  const where = files.length === 1 ? shownPath(name) : format(strings.memoryFiles, files.length);
  const added = files.reduce((sum, file) => sum + file.added, 0);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  if (added === 1) return format(strings.rememberedOne, where);
  if (added > 1) return format(strings.rememberedMany, added, where);
  return removed === 1 ? format(strings.forgotOne, where) : format(strings.forgotMany, removed, where);
}

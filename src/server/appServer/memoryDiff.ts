import type { MemoryDiff, MemoryDiffFile } from '../../core/agentMemory.ts';
import { isMemoryPath } from '../../shared/memoryText.ts';

const MAX_FILES = 200;

interface Section {
  oldPath: string | null;
  newPath: string | null;
  added: number;
  removed: number;
  isRename: boolean;
  isText: boolean;
}

/**
 * Which files one version changed, from the output of `git show`. Lines inside a hunk are counted by its header, never
 * taken for headers: a remembered line may look like one.
 */
export function parseMemoryDiff(diff: string): MemoryDiff {
  const sections: Section[] = [];
  const lines = diff.split('\n');
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of lines) {
    const section = sections.at(-1);
    if (section !== undefined && (oldLeft > 0 || newLeft > 0)) {
      if (line.startsWith('+')) {
        newLeft--;
        section.added++;
      } else if (line.startsWith('-')) {
        oldLeft--;
        section.removed++;
      } else if (!line.startsWith('\\')) {
        oldLeft--;
        newLeft--;
      }
      continue;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) {
      oldLeft = Number(hunk[1] ?? 1);
      newLeft = Number(hunk[2] ?? 1);
    } else if (line.startsWith('diff --git ')) {
      sections.push(sectionOf(line));
    } else if (section !== undefined) {
      readHeader(section, line);
    }
  }
  const files = sections.flatMap(filesOf);
  const shown = files.filter((file) => isMemoryPath(file.path)).slice(0, MAX_FILES);
  // A merge is not told file by file.
  const isMerge = lines.some((line) => line.startsWith('diff --cc ') || line.startsWith('diff --combined '));
  return { files: shown, isWhole: shown.length === files.length && !isMerge };
}

/** Both names, where they are the same: for changes without contents (a mode, an empty file). */
function sectionOf(line: string): Section {
  const names = line.slice('diff --git '.length);
  const half = names.slice(0, (names.length - 1) / 2);
  const other = names.slice((names.length + 1) / 2);
  const a = unprefixed(unquoted(half), 'a/');
  const path = a !== null && a === unprefixed(unquoted(other), 'b/') ? a : null;
  return { oldPath: path, newPath: path, added: 0, removed: 0, isRename: false, isText: true };
}

function readHeader(section: Section, line: string): void {
  const [, key = '', value = ''] = /^(---|\+\+\+|rename from|rename to|copy to) (.*)$/.exec(line) ?? [];
  switch (key) {
    case '---':
      section.oldPath = unprefixed(pathOf(value), 'a/');
      return;
    case '+++':
      section.newPath = unprefixed(pathOf(value), 'b/');
      return;
    case 'rename from':
      section.isRename = true;
      section.oldPath = pathOf(value);
      return;
    case 'rename to':
      section.newPath = pathOf(value);
      return;
    case 'copy to':
      section.isRename = true;
      section.oldPath = null;
      section.newPath = pathOf(value);
      return;
    default:
      if (/^(Binary files |GIT binary patch)/.test(line)) section.isText = false;
      // A link or another repository is not a text to be written back.
      if (/^(new file mode|deleted file mode|new mode|old mode) (120000|160000)$/.test(line))
        section.isText = false;
      if (/^index \S+ (120000|160000)$/.test(line)) section.isText = false;
  }
}

function filesOf(section: Section): readonly MemoryDiffFile[] {
  const { oldPath, newPath, added, removed, isRename, isText } = section;
  const paths = [...new Set([oldPath, newPath])].filter((path) => path !== null);
  const lines = isRename ? null : { added, removed };
  return paths.length === 0
    ? [{ path: '', lines, isText: false }]
    : paths.map((path) => ({ path, lines, isText }));
}

/** Git puts a tab behind a name with spaces. */
function pathOf(value: string): string | null {
  return unquoted(value.replace(/\t$/, ''));
}

function unprefixed(path: string | null, prefix: string): string | null {
  return path?.startsWith(prefix) === true ? path.slice(prefix.length) : null;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** Git quotes names with unusual bytes as C does, byte by byte. */
function unquoted(name: string): string {
  const quoted = /^"(.*)"$/s.exec(name)?.[1];
  if (quoted === undefined) return name;
  const bytes: number[] = [];
  for (const [, octal, letter, plain] of quoted.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gsu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (letter !== undefined) bytes.push(...(letter in ESCAPES ? [ESCAPES[letter] ?? 0] : utf8(letter)));
    else bytes.push(...utf8(plain ?? ''));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

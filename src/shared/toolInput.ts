import type { DiffHunk, FileDiff, ToolPart } from './transcript.ts';

/** What a tool does, as far as its name tells: decides words and layout of its row, never what is allowed. */
export type ToolKind = 'command' | 'read' | 'edit' | 'write' | 'search' | 'other';

/** A map, not an object: a tool may be named like a member of every object. */
const KINDS: ReadonlyMap<string, ToolKind> = new Map([
  ['bash', 'command'],
  ['shell', 'command'],
  ['run_shell_command', 'command'],
  ['shellcommand', 'command'],
  ['read', 'read'],
  ['readfile', 'read'],
  ['read_file', 'read'],
  ['edit', 'edit'],
  ['multiedit', 'edit'],
  ['replace', 'edit'],
  ['str_replace', 'edit'],
  ['write', 'write'],
  ['write_file', 'write'],
  ['writefile', 'write'],
  ['grep', 'search'],
  ['glob', 'search'],
]);

export function toolKind(name: string): ToolKind {
  return KINDS.get(name.toLowerCase()) ?? 'other';
}

type Input = Readonly<Record<string, unknown>>;

/** The members of a tool's input; null while the JSON is incomplete or is not an object. */
export function parseInput(json: string): Input | null {
  if (!json.trimEnd().endsWith('}')) return null;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : null; // members stay unknown
  } catch {
    return null;
  }
}

/** How much of an incomplete input is looked at for its subject: models write the path first, and it grows by deltas. */
const HEAD = 4000;

/** A string member of the input, also of one that is still being written; '' when there is none. */
export function inputMember(json: string, names: readonly string[]): string {
  const input = parseInput(json.length > HEAD && !json.endsWith('}') ? '' : json);
  for (const name of names) {
    if (input !== null) {
      const value = input[name];
      if (typeof value === 'string' && value !== '') return value;
    } else {
      const match = new RegExp(`"${name}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*")`, 'u').exec(json.slice(0, HEAD));
      const text: unknown = match?.[1] === undefined ? '' : parsed(match[1]);
      if (typeof text === 'string' && text !== '') return text;
    }
  }
  return '';
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return '';
  }
}

const PATH_NAMES = ['file_path', 'path', 'filename', 'filePath', 'absolute_path'] as const;
const COMMAND_NAMES = ['command', 'cmd', 'script'] as const;
const SEARCH_NAMES = ['pattern', 'query', 'regex'] as const;

export function toolPath(part: Pick<ToolPart, 'name' | 'args'>): string {
  return inputMember(part.args, PATH_NAMES);
}

export function toolCommand(part: Pick<ToolPart, 'args'>): string {
  return inputMember(part.args, COMMAND_NAMES);
}

/** What the row of a tool names: the command, the file's name, the pattern, else the tool itself. */
export function toolSubject(part: Pick<ToolPart, 'name' | 'args'>): string {
  switch (toolKind(part.name)) {
    case 'command':
      return toolCommand(part);
    case 'read':
    case 'edit':
    case 'write':
      return baseName(toolPath(part));
    case 'search':
      return inputMember(part.args, SEARCH_NAMES);
    case 'other':
      return part.name;
  }
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** The changes an edit or write asks for: the server's preview, else worked out from its own input. */
export function toolDiffs(part: Pick<ToolPart, 'name' | 'args' | 'approval'>): readonly FileDiff[] {
  const previews = part.approval?.diffs ?? [];
  if (previews.some((diff) => diff.hunks.length > 0)) return previews;
  const own = diffOfInput(part.name, part.approval?.input ?? part.args);
  return own === null ? previews : [own];
}

function diffOfInput(name: string, json: string): FileDiff | null {
  const kind = toolKind(name);
  if (kind !== 'edit' && kind !== 'write') return null;
  const input = parseInput(json);
  if (input === null) return null;
  const path = inputMember(json, PATH_NAMES);
  const before = kind === 'write' ? '' : input['old_string'];
  const after = kind === 'write' ? input['content'] : input['new_string'];
  if (typeof before !== 'string' || typeof after !== 'string') return null;
  return { path, unpreviewable: '', hunks: [lineDiff(before, after)] };
}

/** One hunk: the lines that differ between a common beginning and end. Line numbers are unknown: 0. */
function lineDiff(before: string, after: string): DiffHunk {
  const old = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const fresh = after === '' ? [] : after.replace(/\n$/, '').split('\n');
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let end = 0;
  while (
    end < old.length - start &&
    end < fresh.length - start &&
    old[old.length - 1 - end] === fresh[fresh.length - 1 - end]
  ) {
    end++;
  }
  const lines = (type: DiffHunk['lines'][number]['type'], texts: readonly string[]): DiffHunk['lines'] =>
    texts.map((text) => ({ type, text }));
  return {
    oldStart: 0,
    newStart: 0,
    lines: [
      ...lines('context', old.slice(Math.max(0, start - 2), start)),
      ...lines('remove', old.slice(start, old.length - end)),
      ...lines('add', fresh.slice(start, fresh.length - end)),
      ...lines('context', old.slice(old.length - end, old.length - end + 2)),
    ],
  };
}

export interface DiffCounts {
  readonly added: number;
  readonly removed: number;
}

export function diffCounts(diffs: readonly FileDiff[]): DiffCounts {
  let added = 0;
  let removed = 0;
  for (const diff of diffs) {
    for (const hunk of diff.hunks) {
      for (const line of hunk.lines) {
        if (line.type === 'add') added++;
        else if (line.type === 'remove') removed++;
      }
    }
  }
  return { added, removed };
}

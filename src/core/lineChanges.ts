/** Beyond so many comparisons lines are matched without their order: a count for people, not a patch. */
const MAX_COMPARISONS = 4_000_000;

/** How many lines a diff of the two texts would add and remove. A last line without a line feed is a line. */
export function lineChanges(
  before: string,
  after: string,
): { readonly added: number; readonly removed: number } {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const oldLines = a.slice(start, endA);
  const newLines = b.slice(start, endB);
  const isBig = oldLines.length * newLines.length > MAX_COMPARISONS;
  const common = isBig ? commonInAnyOrder(oldLines, newLines) : commonInOrder(oldLines, newLines);
  return { added: newLines.length - common, removed: oldLines.length - common };
}

function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  // With its line feed a line differs from one without, as in a diff.
  const last = lines.pop() ?? '';
  return last === '' ? lines.map((line) => `${line}\n`) : [...lines.map((line) => `${line}\n`), last];
}

/** Length of the longest common subsequence. */
function commonInOrder(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  for (const line of a) {
    const row = new Uint32Array(b.length + 1);
    for (const [index, other] of b.entries()) {
      row[index + 1] =
        line === other ? (above[index] ?? 0) + 1 : Math.max(above[index + 1] ?? 0, row[index] ?? 0);
    }
    above = row;
  }
  return above[b.length] ?? 0;
}

function commonInAnyOrder(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of a) left.set(line, (left.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of b) {
    const count = left.get(line) ?? 0;
    if (count === 0) continue;
    left.set(line, count - 1);
    common++;
  }
  return common;
}

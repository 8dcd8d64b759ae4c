import type { Token } from './parser.ts';
import type { SourceLines } from './sourceLines.ts';

/** One top-level block of a parse: its tokens and its lines, `[start, end)`. */
export interface TopLevelBlock {
  readonly type: string;
  readonly markup: string;
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
}

export function topLevelBlocks(tokens: readonly Token[]): TopLevelBlock[] {
  const blocks: TopLevelBlock[] = [];
  let first = 0;
  tokens.forEach((token, index) => {
    if (token.level !== 0 || token.nesting === 1) return;
    const open = tokens[first];
    if (open?.map) {
      const [start, end] = open.map;
      blocks.push({
        type: open.type,
        markup: open.markup,
        start,
        end,
        tokens: tokens.slice(first, index + 1),
      });
    }
    first = index + 1;
  });
  return blocks;
}

/** How many leading blocks no further text can change. */
export function closedCount(blocks: readonly TopLevelBlock[], lines: SourceLines): number {
  let closed = 0;
  blocks.forEach((block, index) => {
    if (isClosed(block, blocks[index - 1], blocks[index + 1], lines)) closed = index + 1;
  });
  return closed;
}

/** These end a definition's search for its title, so they part blocks without a blank line. */
const INTERRUPTING = new Set([
  'fence',
  'hr',
  'table_open',
  'blockquote_open',
  'bullet_list_open',
  'ordered_list_open',
]);
function interrupts(block: TopLevelBlock): boolean {
  return INTERRUPTING.has(block.type) || (block.type === 'heading_open' && block.markup.startsWith('#'));
}

/** A definition at its end may yet claim the adjacent lines below as its title: `[a]: /b` then `"title`. */
const MAY_CLAIM = new Set([
  'reference_definition',
  'bullet_list_open',
  'ordered_list_open',
  'blockquote_open',
]);
function mayBeClaimed(block: TopLevelBlock, above: TopLevelBlock | undefined, lines: SourceLines): boolean {
  if (above === undefined || !MAY_CLAIM.has(above.type) || interrupts(block)) return false;
  if (hasBlankBefore(block, above, lines)) return false;
  // A label can't begin a title, so a definition below a definition stands.
  return !(above.type === 'reference_definition' && block.type === 'reference_definition');
}

function hasBlankBefore(block: TopLevelBlock, above: TopLevelBlock, lines: SourceLines): boolean {
  return block.start > above.end || (block.start - 1 > above.start && lines.isBlank(block.start - 1));
}

function isClosed(
  block: TopLevelBlock,
  above: TopLevelBlock | undefined,
  below: TopLevelBlock | undefined,
  lines: SourceLines,
): boolean {
  const endsInBlank = lines.isComplete(block.end) && lines.isBlank(block.end);
  if (mayBeClaimed(block, above, lines)) {
    if (block.type === 'code_block') return false;
    if (!endsInBlank && !(below !== undefined && interrupts(below) && lines.isComplete(below.start + 1)))
      return false;
  }
  switch (block.type) {
    case 'fence':
      if (lines.isComplete(block.end - 1) && isFenceEnd(block, lines)) return true;
      break;
    case 'heading_open':
    case 'hr':
      if (lines.isComplete(block.end - 1)) return true;
      break;
    case 'paragraph_open':
    case 'table_open':
    case 'blockquote_open':
    case 'reference_definition':
      if (endsInBlank) return true;
      break;
  }
  // The parser looks at most one line ahead of the line that ends a block (a table's delimiter row).
  if (below === undefined || !lines.isComplete(below.start + 1)) return false;
  return hasBlankBefore(below, block, lines) || !mayBeClaimed(below, block, lines);
}

/** Is the last line of a fence its closing marker? (A line of content that matched would have closed it.) */
export function isFenceEnd(block: TopLevelBlock, lines: SourceLines): boolean {
  if (block.end - block.start < 2) return false;
  const run = /^ {0,3}(`+|~+)[ \t]*$/.exec(lines.text(block.end - 1))?.[1];
  return run?.startsWith(block.markup) === true;
}

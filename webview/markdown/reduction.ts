import type { Reference } from './references.ts';
import { isFenceEnd } from './topLevelBlocks.ts';
import type { TopLevelBlock } from './topLevelBlocks.ts';
import type { SourceLines } from './sourceLines.ts';
import type { Token } from './parser.ts';

/**
 * A fence, table or list that grows for long is not parsed again from its start: closed lines, rows and items are
 * left out of the source, and what is needed to read the rest (the opening line, the header, the last closed row or
 * item) is fed again.
 */
export interface Reduction {
  readonly type: string;
  /** UTF-16 units at the start of the tail that are fed again. The left-out source stood after them. */
  readonly headLength: number;
  readonly leftOut: string;
  /** Left-out items or rows; for a fence, UTF-16 units of its content. */
  readonly skipped: number;
  /** Whether what was left out makes the list loose. */
  readonly isLoose: boolean;
  /** Whether the list is shown loose; a change shows it again as a whole. */
  readonly isShownLoose: boolean;
  /** Number of an ordered list's first item. */
  readonly start: string | null;
  readonly emptyCells: number;
  readonly definitions: ReadonlyMap<string, Reference>;
}

/** What to leave out next: lines `[from, to)` of the block, which begins at line 0 of the source. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly skipped: number;
  readonly emptyCells: number;
}

export function cutOf(block: TopLevelBlock, lines: SourceLines): Cut | null {
  switch (block.type) {
    case 'fence':
      return fenceCut(block, lines);
    case 'table_open':
      return tableCut(block, lines);
    case 'bullet_list_open':
    case 'ordered_list_open':
      return listCut(block, lines);
    default:
      return null;
  }
}

function fenceCut(block: TopLevelBlock, lines: SourceLines): Cut | null {
  const content = block.tokens[0]?.content ?? '';
  if (lines.completeCount < 2 || isFenceEnd(block, lines)) return null;
  return { from: 1, to: lines.completeCount, skipped: content.lastIndexOf('\n') + 1, emptyCells: 0 };
}

/** A row is what it is as soon as its line is complete. The last complete one is kept, so that there is a body. */
function tableCut(block: TopLevelBlock, lines: SourceLines): Cut | null {
  const rows = block.tokens.filter(
    (token) =>
      token.type === 'tr_open' && token.map !== null && token.map[0] >= 2 && lines.isComplete(token.map[0]),
  );
  const to = rows.at(-1)?.map?.[0];
  if (to === undefined || rows.length < 2) return null;
  const emptyCells = block.tokens.filter(
    (token, index) =>
      token.content === '' && token.type === 'inline' && block.tokens[index - 1]?.type === 'td_open',
  ).length;
  return { from: 2, to, skipped: rows.length - 1, emptyCells };
}

/** An item is closed when the next one has begun. Kept: the last closed one that tells tight from loose. */
function listCut(block: TopLevelBlock, lines: SourceLines): Cut | null {
  const items: { readonly start: number; hasParagraph: boolean }[] = [];
  for (const token of block.tokens) {
    if (token.type === 'list_item_open' && token.level === 1) {
      items.push({ start: token.map?.[0] ?? 0, hasParagraph: false });
    }
    const item = items.at(-1);
    if (item !== undefined && token.type === 'paragraph_open' && token.level === 2) item.hasParagraph = true;
  }
  let kept = items.findLastIndex((item) => lines.isComplete(item.start)) - 1;
  while (kept > 0 && items[kept]?.hasParagraph !== true) kept--;
  const item = items[kept];
  return kept > 0 && item !== undefined ? { from: 0, to: item.start, skipped: kept, emptyCells: 0 } : null;
}

/** Does this parse show the paragraphs of a list's items as paragraphs? */
export function isLoose(tokens: readonly Token[]): boolean {
  return tokens.some((token) => token.type === 'paragraph_open' && token.level === 2 && !token.hidden);
}

export function makeLoose(tokens: readonly Token[]): void {
  for (const token of tokens) {
    if (token.level === 2 && token.type.startsWith('paragraph_')) token.hidden = false;
  }
  // markTightParagraphs also hides the closing tokens, which stand on the same level.
}

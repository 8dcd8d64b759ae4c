import { element, text } from './markdownNode.ts';
import type { MarkdownNode } from './markdownNode.ts';
import { MAX_NESTING, MarkdownParser } from './parser.ts';
import type { Token } from './parser.ts';
import { LinkReferences } from './references.ts';
import type { Reference } from './references.ts';
import { cutOf, isLoose, makeLoose } from './reduction.ts';
import type { Cut, Reduction } from './reduction.ts';
import { SourceLines } from './sourceLines.ts';
import { closedCount, topLevelBlocks } from './topLevelBlocks.ts';
import type { TopLevelBlock } from './topLevelBlocks.ts';
import { tokensToNodes } from './tokensToNodes.ts';
import type { MarkdownCounts } from './streamingMarkdown.ts';
import type { MarkdownHost } from './markdownHost.ts';

export interface RenderedBlock {
  readonly node: MarkdownNode;
  readonly missed: ReadonlySet<string>;
  /** The DOM of this block can't be patched: it is made anew. */
  readonly isRebuilt: boolean;
  readonly isRaw: boolean;
}

export interface ClosedBlock {
  readonly source: string;
  readonly missed: ReadonlySet<string>;
}

export interface Flush {
  /** The blocks of the tail, those that close now first. */
  readonly blocks: readonly RenderedBlock[];
  readonly closed: readonly ClosedBlock[];
  /** Labels that are defined from now on. */
  readonly definedLabels: readonly string[];
}

/** markdown-it fills up short rows to the header's width, but not more cells than this in a table. */
const MAX_EMPTY_CELLS = 60_000;
const NO_CUT = {
  skipped: 0,
  leftOut: '',
  isLoose: false,
  emptyCells: 0,
  definitions: new Map<string, Reference>(),
};

interface Parse {
  readonly lines: SourceLines;
  readonly found: Map<string, Reference>;
  readonly blocks: readonly TopLevelBlock[];
}

/** The open end of a message: what is parsed at each flush, and what of it is closed by then. */
export class BlockTail {
  readonly #host: MarkdownHost;
  readonly #counts: MarkdownCounts;
  readonly #parser = new MarkdownParser();
  readonly #references = new LinkReferences();
  #source = '';
  #endsInReturn = false;
  /** Of the first block of the source. */
  #reduction: Reduction | null = null;
  #mayReduce = true;
  #isRebuilt = false;
  #missed = new Set<string>();

  constructor(host: MarkdownHost, counts: MarkdownCounts) {
    this.#host = host;
    this.#counts = counts;
  }

  flush(added: string, isFinal: boolean): Flush {
    this.#source += this.#normalised(added);
    let parse: Parse;
    try {
      parse = this.#parse();
    } catch (error) {
      this.#report(error);
      if (this.#reduction !== null) this.#restore();
      return { blocks: [rawBlock(this.#source)], closed: [], definedLabels: [] };
    }
    const { blocks, lines } = parse;
    const closing = isFinal ? blocks.length : closedCount(blocks, lines);
    const definedLabels = this.#define(parse, closing);
    const rendered: RenderedBlock[] = [];
    const closed: ClosedBlock[] = [];
    blocks.forEach((block, index) => {
      if (block.type === 'reference_definition') return;
      const result = this.#render(block, lines, index, index < closing);
      rendered.push(result);
      if (index < closing) closed.push({ source: this.#sourceOf(parse, index), missed: result.missed });
    });
    if (this.#reduction !== null && rendered[0]?.isRaw === true) {
      // A block that can't be shown is shown as its whole source.
      this.#mayReduce = false;
      this.#restore();
      const again = this.flush('', isFinal);
      return { ...again, definedLabels: [...definedLabels, ...again.definedLabels] };
    }
    this.#isRebuilt = false;
    this.#advance(parse, closing);
    return { blocks: rendered, closed, definedLabels };
  }

  renderAgain(block: ClosedBlock): RenderedBlock {
    const tokens = this.#parser.parseBlocks(block.source, this.#references.blockEnv(new Map()));
    return this.#renderTokens(tokens, block.source, true);
  }

  /** Line feeds only, no NUL: what markdown-it's own first rule does, over the seam of two flushes too. */
  #normalised(added: string): string {
    if (added === '') return added;
    const text = this.#endsInReturn && added.startsWith('\n') ? added.slice(1) : added;
    this.#endsInReturn = added.endsWith('\r');
    return text.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '\ufffd');
  }

  #parse(): Parse {
    const parse = this.#parseSource();
    if (this.#reduction === null || this.#isReadable(parse, this.#reduction)) return parse;
    this.#restore();
    return this.#parseSource();
  }

  #parseSource(): Parse {
    const found = new Map(this.#reduction?.definitions);
    const tokens = this.#parser.parseBlocks(this.#source, this.#references.blockEnv(found));
    this.#counts.parsedLength += this.#source.length;
    return { lines: new SourceLines(this.#source), found, blocks: topLevelBlocks(tokens) };
  }

  /** Does the shortened source still read as the block it was cut from, shown the way it is shown? */
  #isReadable({ blocks }: Parse, reduction: Reduction): boolean {
    const first = blocks[0];
    if (first?.type !== reduction.type || isTooDeep(first.tokens)) {
      this.#mayReduce = false;
      return false;
    }
    if (first.type === 'fence' || first.type === 'table_open') return true;
    return (reduction.isLoose || isLoose(first.tokens)) === reduction.isShownLoose;
  }

  #restore(): void {
    this.#source = this.#fullSource();
    this.#reduction = null;
    this.#missed.clear();
    this.#isRebuilt = true;
    this.#counts.rebuiltBlocks++;
  }

  #fullSource(): string {
    if (this.#reduction === null) return this.#source;
    const { headLength, leftOut } = this.#reduction;
    return this.#source.slice(0, headLength) + leftOut + this.#source.slice(headLength);
  }

  #sourceOf({ blocks, lines }: Parse, index: number): string {
    const block = blocks[index];
    const from = lines.startOf(block?.start ?? 0);
    const to = lines.startOf(block?.end ?? 0);
    const leftOutLength = this.#reduction?.leftOut.length ?? 0;
    // Only the first block can have been shortened.
    if (index === 0 && leftOutLength > 0) return this.#fullSource().slice(from, to + leftOutLength);
    return lines.source.slice(from, to);
  }

  #define({ blocks, found }: Parse, closing: number): string[] {
    const labels = closing > 0 && this.#reduction !== null ? [...this.#reduction.definitions.keys()] : [];
    for (const block of blocks.slice(0, closing)) labels.push(...definedIn(block.tokens));
    return labels.filter((label) => {
      const reference = found.get(label);
      return reference !== undefined && this.#references.close(label, reference);
    });
  }

  #render(block: TopLevelBlock, lines: SourceLines, index: number, isClosing: boolean): RenderedBlock {
    const reduction = index === 0 ? this.#reduction : null;
    if (reduction?.isLoose === true) makeLoose(block.tokens);
    const source = lines.source.slice(lines.startOf(block.start), lines.startOf(block.end));
    const rendered = this.#renderTokens(block.tokens, source, isClosing);
    const isRebuilt = index === 0 && this.#isRebuilt;
    if (index !== 0) return { ...rendered, isRebuilt };
    if (reduction === null) this.#missed = new Set(rendered.missed);
    else for (const label of rendered.missed) this.#missed.add(label);
    const node = reduction === null ? rendered.node : withSkipped(rendered.node, reduction);
    return { node, missed: new Set(this.#missed), isRebuilt, isRaw: rendered.isRaw };
  }

  #renderTokens(tokens: readonly Token[], source: string, isClosing: boolean): RenderedBlock {
    this.#counts.renderedBlocks++;
    if (isTooDeep(tokens)) return rawBlock(source);
    const missed = new Set<string>();
    try {
      const parsed = this.#parser.parseInline([...tokens], this.#references.inlineEnv(missed));
      const nodes = tokensToNodes(parsed, this.#host.strings, isClosing);
      const [first] = nodes;
      const node = first !== undefined && nodes.length === 1 ? first : element('div', {}, nodes);
      return { node, missed, isRebuilt: false, isRaw: false };
    } catch (error) {
      this.#report(error);
      return rawBlock(source);
    }
  }

  /** Forgets the source of closed blocks, and of the closed parts of the first open one. */
  #advance(parse: Parse, closing: number): void {
    const { blocks, lines } = parse;
    const open = blocks[closing];
    if (closing > 0) {
      this.#reduction = null;
      this.#mayReduce = true;
      this.#missed.clear();
    }
    const end = blocks[closing - 1]?.end ?? 0;
    const start = open?.start ?? end;
    this.#source = lines.source.slice(lines.startOf(start));
    if (open === undefined || !this.#mayReduce || isTooDeep(open.tokens)) return;
    const ownLines = start === 0 ? lines : new SourceLines(this.#source);
    const block = start === 0 ? open : shifted(open, start);
    const cut = cutOf(block, ownLines);
    if (cut !== null) this.#cut(block, ownLines, cut, parse.found);
  }

  #cut(block: TopLevelBlock, lines: SourceLines, cut: Cut, found: ReadonlyMap<string, Reference>): void {
    const before = this.#reduction ?? NO_CUT;
    const isList = block.type.endsWith('list_open');
    const definitions = new Map(before.definitions);
    if (isList) {
      for (const label of definedIn(block.tokens, cut.to)) {
        const reference = found.get(label);
        if (reference !== undefined && !definitions.has(label)) definitions.set(label, reference);
      }
    }
    const head = lines.source.slice(0, lines.startOf(cut.from));
    const out = lines.source.slice(lines.startOf(cut.from), lines.startOf(cut.to));
    const isCutLoose = before.isLoose || (isList && this.#isLooseUpTo(lines, cut.to));
    this.#reduction = {
      type: block.type,
      headLength: head.length,
      leftOut: before.leftOut + out,
      skipped: before.skipped + cut.skipped,
      isLoose: isCutLoose,
      isShownLoose: isList && (before.isLoose || isLoose(block.tokens)),
      start: this.#reduction === null ? startOf(block) : this.#reduction.start,
      emptyCells: before.emptyCells + cut.emptyCells,
      definitions,
    };
    this.#source = head + lines.source.slice(lines.startOf(cut.to));
    if (this.#reduction.emptyCells > MAX_EMPTY_CELLS) {
      this.#mayReduce = false;
      this.#restore();
    }
  }

  /** Are the items above `line`, where an item begins, loose? That item's first line alone adds nothing. */
  #isLooseUpTo(lines: SourceLines, line: number): boolean {
    const source = lines.source.slice(0, lines.startOf(line + 1));
    return isLoose(this.#parser.parseBlocks(source, this.#references.blockEnv(new Map())));
  }

  #report(error: unknown): void {
    this.#host.reportError(
      `markdown block shown as text: ${error instanceof Error ? error.name : 'unknown'}`,
    );
  }
}

function rawBlock(source: string): RenderedBlock {
  return {
    node: element('pre', { class: 'md-raw', dir: 'auto' }, [text(source)]),
    missed: new Set(),
    isRebuilt: false,
    isRaw: true,
  };
}

function isTooDeep(tokens: readonly Token[]): boolean {
  return tokens.some((token) => token.level >= MAX_NESTING - 1);
}

function definedIn(tokens: readonly Token[], beforeLine = Infinity): string[] {
  return tokens.flatMap((token) => {
    if (token.type !== 'reference_definition' || (token.map?.[0] ?? 0) >= beforeLine) return [];
    const label = token.meta?.['label'];
    return typeof label === 'string' ? [label] : [];
  });
}

function startOf(block: TopLevelBlock): string | null {
  const start = block.tokens[0]?.attrGet('start') ?? null;
  return start === null ? null : String(start);
}

/** The block with its lines counted from its own start. */
function shifted(block: TopLevelBlock, by: number): TopLevelBlock {
  for (const token of block.tokens) {
    if (token.map !== null) token.map = [token.map[0] - by, token.map[1] - by];
  }
  return { ...block, start: 0, end: block.end - by };
}

/** Tells the patcher how many rows or items (or units of code) stand before those of this node. */
function withSkipped(node: MarkdownNode, reduction: Reduction): MarkdownNode {
  if (node.kind === 'code') return { ...node, base: reduction.skipped };
  if (node.kind === 'text') return node;
  if (reduction.type !== 'table_open') {
    const start = reduction.start === null ? {} : { start: reduction.start };
    return { ...node, attributes: { dir: 'auto', ...start }, skipped: reduction.skipped };
  }
  if (node.tag === 'tbody') return { ...node, skipped: reduction.skipped };
  return { ...node, children: node.children.map((child) => withSkipped(child, reduction)) };
}

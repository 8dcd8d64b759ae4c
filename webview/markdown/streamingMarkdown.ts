import { BlockTail } from './blockTail.ts';
import type { ClosedBlock, RenderedBlock } from './blockTail.ts';
import { DomPatcher } from './domPatch.ts';
import { IdleHighlighter } from './highlighter.ts';
import type { Highlighter } from './highlighter.ts';
import type { MarkdownHost } from './markdownHost.ts';
import type { MarkdownNode } from './markdownNode.ts';

export type { MarkdownHost, MarkdownStrings } from './markdownHost.ts';
export { MARKDOWN_STRINGS } from './markdownHost.ts';

/** What a message cost so far, in counts that do not depend on the machine. */
export interface MarkdownCounts {
  flushes: number;
  /** UTF-16 units given to the block parser. */
  parsedLength: number;
  /** Top-level blocks turned into nodes. */
  renderedBlocks: number;
  closedBlocks: number;
  /** Closed blocks shown again because of a definition that came late. */
  reRenderedBlocks: number;
  /** Open blocks shown again as a whole: a list that turned loose. */
  rebuiltBlocks: number;
}

/** Blocks per group: layout and content-visibility visit the groups of a long message, not all its blocks. */
const GROUP_SIZE = 32;

interface Slot {
  readonly dom: Node;
  readonly node: MarkdownNode;
}

interface Shown {
  dom: Node;
  readonly block: ClosedBlock;
}

/**
 * One message's markdown as it grows. Closed top-level blocks keep their DOM; each flush parses the open tail only and
 * patches its DOM in place. What is shown is a function of the text alone, however it was cut.
 */
export class StreamingMarkdown {
  readonly counts: MarkdownCounts = {
    flushes: 0,
    parsedLength: 0,
    renderedBlocks: 0,
    closedBlocks: 0,
    reRenderedBlocks: 0,
    rebuiltBlocks: 0,
  };
  readonly #container: HTMLElement;
  readonly #host: MarkdownHost;
  readonly #patcher: DomPatcher;
  #tail: BlockTail;
  #slots: Slot[] = [];
  /** Closed blocks that named a definition nobody has made yet. */
  #unresolved: Shown[] = [];
  #text = '';
  #isClosed = false;

  constructor(container: HTMLElement, host: MarkdownHost, highlighter?: Highlighter) {
    this.#container = container;
    this.#host = host;
    this.#patcher = new DomPatcher(
      host,
      highlighter ??
        new IdleHighlighter((message) => {
          host.reportError(message);
        }),
    );
    this.#tail = new BlockTail(host, this.counts);
    container.classList.add('md');
    container.addEventListener('click', this.#onClick);
    container.addEventListener('keydown', this.#onKeyDown);
  }

  /** The whole text so far; cheap when it only grew. `isClosed`: nothing more comes. */
  setText(text: string, isClosed: boolean): void {
    if (text === this.#text && (isClosed === this.#isClosed || this.#isClosed)) return;
    if (this.#isClosed || !text.startsWith(this.#text)) this.#reset();
    const added = text.slice(this.#text.length);
    this.#text = text;
    this.#isClosed = isClosed;
    this.counts.flushes++;
    const flush = this.#tail.flush(added, isClosed);
    this.#show(flush.blocks);
    this.#close(flush.closed);
    this.#reRender(flush.definedLabels);
  }

  dispose(): void {
    this.#container.removeEventListener('click', this.#onClick);
    this.#container.removeEventListener('keydown', this.#onKeyDown);
    this.#patcher.dispose();
    this.#container.replaceChildren();
  }

  #reset(): void {
    this.#patcher.dispose();
    this.#container.replaceChildren();
    this.#tail = new BlockTail(this.#host, this.counts);
    this.#slots = [];
    this.#unresolved = [];
    this.counts.closedBlocks = 0;
    this.#text = '';
    this.#isClosed = false;
  }

  #show(blocks: readonly RenderedBlock[]): void {
    const slots = blocks.map((block, index): Slot => {
      const slot = this.#slots[index];
      if (slot === undefined) {
        const dom = this.#patcher.create(block.node);
        this.#group(this.counts.closedBlocks + index).append(dom);
        return { dom, node: block.node };
      }
      if (!block.isRebuilt)
        return { dom: this.#patcher.patch(slot.dom, slot.node, block.node), node: block.node };
      const dom = this.#patcher.create(block.node);
      this.#patcher.remove(slot.dom, dom);
      return { dom, node: block.node };
    });
    for (const gone of this.#slots.slice(slots.length)) this.#patcher.remove(gone.dom);
    this.#slots = slots;
    const last = this.#container.lastElementChild;
    if (last?.childElementCount === 0) last.remove();
  }

  /** Where the block with this index stands. */
  #group(index: number): Element {
    const last = this.#container.lastElementChild;
    if (last !== null && this.#container.childElementCount > Math.floor(index / GROUP_SIZE)) return last;
    const group = document.createElement('div');
    group.className = 'md-group';
    this.#container.append(group);
    return group;
  }

  #close(closed: readonly ClosedBlock[]): void {
    closed.forEach((block, index) => {
      const slot = this.#slots[index];
      if (slot === undefined) return;
      markClosed(slot.dom);
      if (block.missed.size > 0) this.#unresolved.push({ dom: slot.dom, block });
    });
    this.counts.closedBlocks += closed.length;
    this.#slots = this.#slots.slice(closed.length);
  }

  #reRender(labels: readonly string[]): void {
    if (labels.length === 0 || this.#unresolved.length === 0) return;
    this.#unresolved = this.#unresolved.filter((shown) => {
      if (!labels.some((label) => shown.block.missed.has(label))) return true;
      const rendered = this.#tail.renderAgain(shown.block);
      const dom = this.#patcher.create(rendered.node);
      this.#patcher.remove(shown.dom, dom);
      markClosed(dom);
      this.counts.reRenderedBlocks++;
      if (rendered.missed.size === 0) return false;
      shown.dom = dom;
      return true;
    });
  }

  readonly #onClick = (event: MouseEvent): void => {
    if (event.target instanceof Element) this.#act(event.target);
  };

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    // Buttons turn Enter into a click by themselves; a link without an address does not.
    if (event.key !== 'Enter' || !(event.target instanceof Element) || event.target.tagName !== 'A') return;
    event.preventDefault();
    this.#act(event.target);
  };

  #act(target: Element): void {
    const control = target.closest<HTMLElement>('[data-href], [data-path], [data-action]');
    if (control === null || !this.#container.contains(control)) return;
    const { href, path, line, action } = control.dataset;
    if (href !== undefined) this.#host.openLink(href);
    else if (path !== undefined) this.#host.openFile(path, line === undefined ? null : Number(line));
    else if (action !== undefined) {
      const code = control.closest('.md-code');
      if (code !== null) this.#patcher.codeBlock(code)?.act(action, control);
    }
  }
}

function markClosed(dom: Node): void {
  if (dom instanceof Element) dom.classList.add('md-closed');
}

import { format } from '../../src/shared/strings.ts';
import type { CodeNode } from './markdownNode.ts';
import type { CodeSpan, Highlighter, Highlighting } from './highlighter.ts';
import type { MarkdownHost } from './markdownHost.ts';

/** Lines per DOM chunk: an append lays out one chunk, whatever the length of the block. */
const CHUNK_LINES = 32;
/** Longer blocks show this many lines and "Show all". A multiple of CHUNK_LINES; markdown.css hides from chunk 3 on. */
export const FOLD_LINES = 64;

interface Chunk {
  readonly element: HTMLElement;
  text: string;
  lineCount: number;
}

export type CodeAction = 'copy' | 'insert' | 'wrap' | 'showAll';

/** A code block that grows at its end: text is appended to the open line only. */
export class CodeBlock {
  readonly element: HTMLElement;
  readonly #code: HTMLElement;
  readonly #showAll: HTMLButtonElement;
  readonly #host: MarkdownHost;
  readonly #highlighter: Highlighter;
  readonly #chunks: Chunk[] = [];
  #language: string;
  #length = 0;
  #isClosed = false;
  #isExpanded = false;
  #highlighting: Highlighting | null = null;
  #isHighlighted = false;

  constructor(node: CodeNode, host: MarkdownHost, highlighter: Highlighter) {
    this.#host = host;
    this.#highlighter = highlighter;
    this.#language = node.language;
    this.#code = document.createElement('code');
    const pre = document.createElement('pre');
    pre.tabIndex = 0;
    pre.dir = 'ltr';
    pre.append(this.#code);
    this.#showAll = document.createElement('button');
    this.#showAll.type = 'button';
    this.#showAll.className = 'md-code-all';
    this.#showAll.dataset['action'] = 'showAll' satisfies CodeAction;
    this.#showAll.hidden = true;
    this.element = document.createElement('div');
    this.element.className = 'md-code';
    this.element.append(this.#header(), pre, this.#showAll);
    this.update(node);
  }

  get text(): string {
    return this.#chunks.map((chunk) => chunk.text).join('');
  }

  update(node: CodeNode): void {
    if (node.language !== this.#language) this.#setLanguage(node.language);
    this.#setText(node.base, node.text);
    if (node.isClosed && !this.#isClosed) this.close();
    else if (!node.isClosed) this.#reopen();
  }

  /** No more text comes: colour it when the page is idle. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#highlighting = this.#highlighter.start({
      language: this.#language,
      text: this.text,
      chunkLengths: this.#chunks.map((chunk) => chunk.text.length),
      paint: (index, spans) => {
        this.#isHighlighted = true;
        this.#chunks[index]?.element.replaceChildren(...spans.map(spanNode));
      },
    });
  }

  dispose(): void {
    this.#highlighting?.cancel();
    this.#highlighting = null;
  }

  act(action: string, button: HTMLElement): void {
    switch (action) {
      case 'copy':
        this.#host.copy(this.#copyText());
        this.#sayCopied(button);
        return;
      case 'insert':
        this.#host.insertAtCursor(this.#copyText());
        return;
      case 'wrap': {
        const isWrapped = this.element.classList.toggle('md-wrapped');
        button.setAttribute('aria-pressed', String(isWrapped));
        return;
      }
      case 'showAll':
        this.#isExpanded = true;
        this.#fold();
        // The button that had the focus is gone: the code it opened has it now.
        this.element.querySelector('pre')?.focus({ preventScroll: true });
    }
  }

  #copyText(): string {
    return this.text.replace(/\n$/, '');
  }

  /** Until the pointer or the focus leaves: a state without a timer. */
  #sayCopied(button: HTMLElement): void {
    const show = (isCopied: boolean) => {
      const label = isCopied ? this.#host.strings.copied : this.#host.strings.copy;
      button.setAttribute('aria-label', label);
      button.title = label;
      button.firstElementChild?.classList.toggle('codicon-check', isCopied);
      button.firstElementChild?.classList.toggle('codicon-copy', !isCopied);
    };
    show(true);
    const restore = () => {
      button.removeEventListener('pointerleave', restore);
      button.removeEventListener('blur', restore);
      show(false);
    };
    button.addEventListener('pointerleave', restore);
    button.addEventListener('blur', restore);
  }

  #setLanguage(language: string): void {
    this.#language = language;
    const label = this.element.querySelector('.md-code-language');
    if (label !== null) label.textContent = language;
    this.#reopen();
  }

  #reopen(): void {
    if (!this.#isClosed) return;
    this.#isClosed = false;
    this.dispose();
    if (!this.#isHighlighted) return;
    this.#isHighlighted = false;
    for (const chunk of this.#chunks) chunk.element.replaceChildren(chunk.text);
  }

  /** The text from `base` on is `tail`; everything before stays. */
  #setText(base: number, tail: string): void {
    const old = this.#sliceFrom(base);
    if (old === tail) return;
    this.#reopen();
    let same = 0;
    if (tail.startsWith(old)) same = old.length;
    else while (same < old.length && old[same] === tail[same]) same++;
    this.#truncate(base + same);
    this.#append(tail.slice(same));
    this.#fold();
  }

  #sliceFrom(base: number): string {
    let at = this.#length;
    let slice = '';
    for (let index = this.#chunks.length - 1; index >= 0 && at > base; index--) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) break;
      at -= chunk.text.length;
      slice = chunk.text.slice(Math.max(0, base - at)) + slice;
    }
    return slice;
  }

  #truncate(length: number): void {
    while (this.#length > length) {
      const chunk = this.#chunks.at(-1);
      if (chunk === undefined) return;
      const kept = chunk.text.length - (this.#length - length);
      if (kept <= 0) {
        this.#chunks.pop();
        chunk.element.remove();
        this.#length -= chunk.text.length;
      } else {
        chunk.text = chunk.text.slice(0, kept);
        chunk.lineCount = countLineFeeds(chunk.text);
        chunk.element.textContent = chunk.text;
        this.#length = length;
      }
    }
  }

  #append(added: string): void {
    let rest = added;
    while (rest !== '') {
      let chunk = this.#chunks.at(-1);
      if (chunk === undefined || chunk.lineCount >= CHUNK_LINES) chunk = this.#addChunk();
      const end = endOfLines(rest, CHUNK_LINES - chunk.lineCount);
      const piece = rest.slice(0, end);
      const node = chunk.element.firstChild;
      if (node instanceof Text) node.appendData(piece);
      else chunk.element.textContent = piece;
      chunk.text += piece;
      chunk.lineCount += countLineFeeds(piece);
      this.#length += piece.length;
      rest = rest.slice(end);
    }
  }

  #addChunk(): Chunk {
    const element = document.createElement('span');
    element.className = 'md-code-chunk';
    this.#code.append(element);
    const chunk = { element, text: '', lineCount: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  #fold(): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) return;
    const closedLines = (this.#chunks.length - 1) * CHUNK_LINES + last.lineCount;
    const lineCount = closedLines + (last.text.endsWith('\n') ? 0 : 1);
    const isFolded = !this.#isExpanded && lineCount > FOLD_LINES;
    this.element.classList.toggle('md-folded', isFolded);
    if (this.#showAll.hidden === isFolded) this.#showAll.hidden = !isFolded;
    const label = format(this.#host.strings.showAll, lineCount);
    if (isFolded && this.#showAll.textContent !== label) this.#showAll.textContent = label;
  }

  #header(): HTMLElement {
    const { strings } = this.#host;
    const language = document.createElement('span');
    language.className = 'md-code-language';
    language.textContent = this.#language;
    const header = document.createElement('div');
    header.className = 'md-code-header';
    header.append(
      language,
      iconButton('wrap', 'codicon-word-wrap', strings.wrap),
      iconButton('insert', 'codicon-insert', strings.insertAtCursor),
      iconButton('copy', 'codicon-copy', strings.copy),
    );
    header.querySelector('[data-action="wrap"]')?.setAttribute('aria-pressed', 'false');
    return header;
  }
}

function iconButton(action: CodeAction, icon: string, label: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'md-icon';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.dataset['action'] = action;
  const glyph = document.createElement('span');
  glyph.className = `codicon ${icon}`;
  glyph.setAttribute('aria-hidden', 'true');
  button.append(glyph);
  return button;
}

function spanNode(span: CodeSpan): Node {
  if (span.className === '') return document.createTextNode(span.text);
  const node = document.createElement('span');
  node.className = span.className;
  node.textContent = span.text;
  return node;
}

function countLineFeeds(value: string): number {
  let count = 0;
  for (let at = value.indexOf('\n'); at !== -1; at = value.indexOf('\n', at + 1)) count++;
  return count;
}

/** Offset after the `count`-th line feed, or the end. */
function endOfLines(value: string, count: number): number {
  let at = -1;
  for (let line = 0; line < count; line++) {
    at = value.indexOf('\n', at + 1);
    if (at === -1) return value.length;
  }
  return at + 1;
}

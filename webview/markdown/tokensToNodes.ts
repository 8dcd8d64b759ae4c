import { format } from '../../src/shared/strings.ts';
import { visible } from '../../src/shared/visible.ts';
import { hostAndPath, linkTarget } from './linkTarget.ts';
import { element, isTag, text } from './markdownNode.ts';
import type { AttributeName, MarkdownNode, Tag } from './markdownNode.ts';
import type { MarkdownStrings } from './markdownHost.ts';
import type { Token } from './parser.ts';

/** Emphasis nests as deep as its text is long; the engine lays out some hundred levels. Deeper marks show no style. */
const MAX_DEPTH = 120;

interface Frame {
  /** Absent: children belong to the parent (a link that leads nowhere, marks too deep). */
  readonly tag: Tag | null;
  readonly attributes: Partial<Record<AttributeName, string>>;
  readonly children: MarkdownNode[];
  /** Shown after the children: the target of a link that is not opened. */
  readonly suffix: string;
}

/** Tokens → tree, by an allow-list: what is not named here becomes text. */
export function tokensToNodes(
  tokens: readonly Token[],
  strings: MarkdownStrings,
  isFinal: boolean,
): MarkdownNode[] {
  const builder = new NodeBuilder(strings, isFinal);
  builder.block(tokens);
  return builder.finish();
}

class NodeBuilder {
  readonly #strings: MarkdownStrings;
  readonly #isFinal: boolean;
  readonly #root: Frame = { tag: null, attributes: {}, children: [], suffix: '' };
  readonly #stack: Frame[] = [this.#root];
  #depth = 0;
  #linkDepth = 0;

  constructor(strings: MarkdownStrings, isFinal: boolean) {
    this.#strings = strings;
    this.#isFinal = isFinal;
  }

  finish(): MarkdownNode[] {
    while (this.#stack.length > 1) this.#close();
    return this.#root.children;
  }

  block(tokens: readonly Token[]): void {
    tokens.forEach((token, index) => {
      if (token.hidden) return;
      if (token.type === 'inline') {
        if (isTaskText(tokens, index)) this.#task(token);
        this.#inline(token.children ?? []);
      } else if (token.type === 'fence' || token.type === 'code_block') this.#code(token);
      else if (token.type === 'hr') this.#add(element('hr'));
      else if (token.nesting === 1) this.#openBlock(token);
      else if (token.nesting === -1) this.#closeBlock(token);
      else this.#text(token.content);
    });
  }

  #openBlock(token: Token): void {
    const attributes: Frame['attributes'] =
      token.tag === 'tbody' || token.tag === 'thead' ? {} : { dir: 'auto' };
    const start = token.attrGet('start');
    if (start !== null) attributes.start = String(start);
    const align = /^text-align:(left|center|right)$/.exec(String(token.attrGet('style') ?? ''))?.[1];
    if (align !== undefined) attributes.class = `md-${align}`;
    if (token.type === 'table_open') this.#open('div', { class: 'md-table', tabindex: '0' });
    this.#open(isTag(token.tag) ? token.tag : null, attributes);
  }

  #closeBlock(token: Token): void {
    this.#close();
    if (token.type === 'table_close') this.#close();
  }

  #code(token: Token): void {
    const lines =
      token.content === '' ? 0 : token.content.split('\n').length - (token.content.endsWith('\n') ? 1 : 0);
    const hasEnd = token.map !== null && token.map[1] - token.map[0] === lines + 2;
    const language = /^\s*(\S*)/.exec(token.info)?.[1] ?? '';
    this.#add({ kind: 'code', language, base: 0, text: token.content, isClosed: this.#isFinal || hasEnd });
  }

  #inline(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.type === 'link_open') this.#openLink(token);
      else if (token.type === 'link_close') {
        this.#linkDepth--;
        this.#close();
      } else if (token.type === 'image') this.#image(token);
      else if (token.type === 'code_inline')
        this.#add(element('code', {}, [text(visible(token.content).text)]));
      else if (token.type === 'softbreak') this.#text('\n');
      else if (token.type === 'hardbreak') this.#add(element('br'));
      else if (token.nesting === 1) this.#open(isTag(token.tag) ? token.tag : null, {});
      else if (token.nesting === -1) this.#close();
      else this.#text(token.content);
    }
  }

  #openLink(token: Token): void {
    this.#linkDepth++;
    const target = linkTarget(String(token.attrGet('href') ?? ''));
    const link: Frame['attributes'] = { role: 'link', tabindex: '0', title: target.shown };
    switch (target.kind) {
      case 'web':
        this.#open('a', { ...link, 'data-href': target.href });
        return;
      case 'file':
        if (target.line !== null) link['data-line'] = String(target.line);
        this.#open('a', { ...link, 'data-path': target.path });
        return;
      case 'plain':
        this.#open(null, {}, token.info === 'auto' || target.shown === '' ? '' : ` (${target.shown})`);
    }
  }

  /** Pictures are never loaded: their address can carry what the model read (EchoLeak, CamoLeak). */
  #image(token: Token): void {
    const target = linkTarget(String(token.attrGet('src') ?? ''));
    const alt = visible(token.content).text;
    const shown = target.kind === 'web' ? hostAndPath(target.href) : target.shown;
    const label = text(format(this.#strings.imageNotLoaded, shown));
    const title = alt === '' ? target.shown : `${alt}\n${target.shown}`;
    if (target.kind === 'web' && this.#linkDepth === 0) {
      this.#add(
        element('button', { class: 'md-image', type: 'button', title, 'data-href': target.href }, [label]),
      );
    } else this.#add(element('span', { class: 'md-image', title }, [label]));
  }

  #task(token: Token): void {
    const first = token.children?.[0];
    const isDone = /^\[[xX]\]/.test(first?.content ?? '');
    const item = this.#stack.findLast((frame) => frame.tag === 'li');
    if (first === undefined || item === undefined) return;
    item.attributes.class = 'md-task';
    const name = isDone ? this.#strings.taskDone : this.#strings.taskOpen;
    const box = { type: 'checkbox', disabled: '', 'aria-label': name };
    this.#add(element('input', isDone ? { ...box, checked: '' } : box));
    first.content = first.content.slice(3);
  }

  #open(tag: Tag | null, attributes: Frame['attributes'], suffix = ''): void {
    this.#depth++;
    this.#stack.push({ tag: this.#depth > MAX_DEPTH ? null : tag, attributes, children: [], suffix });
  }

  #close(): void {
    const frame = this.#stack.length > 1 ? this.#stack.pop() : undefined;
    if (frame === undefined) return;
    this.#depth--;
    if (frame.tag !== null) this.#add(element(frame.tag, frame.attributes, frame.children));
    else {
      for (const child of frame.children) this.#add(child);
      this.#text(frame.suffix);
    }
  }

  #text(value: string): void {
    if (value !== '') this.#add(text(value));
  }

  /** Neighbouring texts become one, so that equal text is an equal tree. */
  #add(node: MarkdownNode): void {
    const siblings = this.#stack.at(-1)?.children ?? this.#root.children;
    const last = siblings.at(-1);
    if (node.kind === 'text' && last?.kind === 'text')
      siblings[siblings.length - 1] = text(last.text + node.text);
    else siblings.push(node);
  }
}

/** `[ ]` or `[x]` at the very beginning of a list item. */
function isTaskText(tokens: readonly Token[], index: number): boolean {
  const first = tokens[index]?.children?.[0];
  return (
    tokens[index - 1]?.type === 'paragraph_open' &&
    tokens[index - 2]?.type === 'list_item_open' &&
    first?.type === 'text' &&
    /^\[[ xX]\]\s/.test(first.content)
  );
}

import type { AttributeName, CodeNode, ElementNode, MarkdownNode } from './markdownNode.ts';
import { CodeBlock } from './codeBlock.ts';
import type { Highlighter } from './highlighter.ts';
import type { MarkdownHost } from './markdownHost.ts';

/** The only place where nodes become DOM: createElement, setAttribute of known names, text. No HTML string. */
export class DomPatcher {
  readonly #host: MarkdownHost;
  readonly #highlighter: Highlighter;
  readonly #codeBlocks = new Map<Element, CodeBlock>();

  constructor(host: MarkdownHost, highlighter: Highlighter) {
    this.#host = host;
    this.#highlighter = highlighter;
  }

  codeBlock(element: Element): CodeBlock | undefined {
    return this.#codeBlocks.get(element);
  }

  create(node: MarkdownNode): Node {
    switch (node.kind) {
      case 'text':
        return document.createTextNode(node.text);
      case 'code': {
        const block = new CodeBlock(node, this.#host, this.#highlighter);
        this.#codeBlocks.set(block.element, block);
        return block.element;
      }
      case 'element': {
        const created = document.createElement(node.tag);
        // Children first: under dir="auto" each child that comes makes the engine look for the direction again.
        for (const child of node.children) created.append(this.create(child));
        for (const name of attributeNames(node)) created.setAttribute(name, node.attributes[name] ?? '');
        return created;
      }
    }
  }

  /** Makes `dom`, which shows `old`, show `next`; returns the node that stands there now. */
  patch(dom: Node, old: MarkdownNode, next: MarkdownNode): Node {
    if (old === next) return dom;
    if (old.kind === 'text' && next.kind === 'text' && dom instanceof Text) {
      patchText(dom, old.text, next.text);
      return dom;
    }
    if (old.kind === 'code' && next.kind === 'code' && dom instanceof Element) {
      const block = this.#codeBlocks.get(dom);
      if (block !== undefined) return this.#patchCode(dom, block, next);
    }
    if (old.kind === 'element' && next.kind === 'element' && old.tag === next.tag && dom instanceof Element) {
      patchAttributes(dom, old, next);
      this.#patchChildren(dom, old, next);
      return dom;
    }
    const created = this.create(next);
    this.remove(dom, created);
    return created;
  }

  /** Takes a node out (or replaces it) and lets go of the code blocks inside. */
  remove(dom: Node, replacement?: Node): void {
    if (dom instanceof Element && this.#codeBlocks.size > 0) {
      for (const element of [dom, ...dom.querySelectorAll('.md-code')]) {
        this.#codeBlocks.get(element)?.dispose();
        this.#codeBlocks.delete(element);
      }
    }
    if (replacement === undefined) dom.parentNode?.removeChild(dom);
    else dom.parentNode?.replaceChild(replacement, dom);
  }

  dispose(): void {
    for (const block of this.#codeBlocks.values()) block.dispose();
    this.#codeBlocks.clear();
  }

  #patchCode(dom: Element, block: CodeBlock, next: CodeNode): Node {
    block.update(next);
    return dom;
  }

  #patchChildren(dom: Element, old: ElementNode, next: ElementNode): void {
    const { skipped } = next;
    const oldChildren = old.skipped < skipped ? old.children.slice(skipped - old.skipped) : old.children;
    next.children.forEach((child, index) => {
      const was = oldChildren[index];
      const at = dom.childNodes[skipped + index];
      if (was === undefined || at === undefined) dom.append(this.create(child));
      else this.patch(at, was, child);
    });
    for (let last = dom.lastChild; last !== null && dom.childNodes.length > skipped + next.children.length;) {
      this.remove(last);
      last = dom.lastChild;
    }
  }
}

function patchText(dom: Text, old: string, next: string): void {
  if (next === old) return;
  if (next.startsWith(old)) dom.appendData(next.slice(old.length));
  else dom.data = next;
}

function patchAttributes(dom: Element, old: ElementNode, next: ElementNode): void {
  for (const name of attributeNames(next)) {
    const value = next.attributes[name] ?? '';
    if (old.attributes[name] !== value) dom.setAttribute(name, value);
  }
  for (const name of attributeNames(old)) {
    if (next.attributes[name] === undefined) dom.removeAttribute(name);
  }
}

/** `as`: Object.keys forgets the key type; Attributes has no other names. */
function attributeNames(node: ElementNode): AttributeName[] {
  return Object.keys(node.attributes) as AttributeName[];
}

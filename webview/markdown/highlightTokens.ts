import hljs from 'highlight.js/lib/common';
import type { CodeSpan } from './highlighter.ts';

/**
 * highlight.js writes HTML; it writes to whatever emitter it is given, so this one collects spans instead
 * (the interface is described at TokenTreeEmitter in its core.js).
 */
class SpanEmitter {
  readonly spans: CodeSpan[] = [];
  readonly #scopes: string[] = [];

  addText(text: string): void {
    if (text !== '') this.spans.push({ text, className: className(this.#scopes.at(-1)) });
  }

  startScope(scope: string): void {
    this.#scopes.push(scope);
  }

  endScope(): void {
    this.#scopes.pop();
  }

  openNode(scope: string): void {
    this.startScope(scope);
  }

  closeNode(): void {
    this.endScope();
  }

  __addSublanguage(inner: unknown): void {
    if (inner instanceof SpanEmitter) this.spans.push(...inner.spans);
  }

  closeAllNodes(): void {
    this.#scopes.length = 0;
  }

  finalize(): void {
    this.closeAllNodes();
  }

  toHTML(): string {
    return '';
  }
}

hljs.configure({ __emitter: SpanEmitter });

/** `title.function` → `hljs-title hljs-function`: own classes only, whatever a grammar calls its scopes. */
function className(scope: string | undefined): string {
  if (scope === undefined) return '';
  return scope
    .split('.')
    .map((part) => `hljs-${part.replaceAll(/[^\w-]/g, '')}`)
    .join(' ');
}

/** The text in coloured stretches, or null for a language that is not among the common ones. */
export function highlightTokens(language: string, text: string): readonly CodeSpan[] | null {
  if (hljs.getLanguage(language) === undefined) return null;
  const emitter: unknown = hljs.highlight(text, { language, ignoreIllegals: true })._emitter;
  return emitter instanceof SpanEmitter ? emitter.spans : null;
}

/** The tree that is shown, before it is DOM: everything a message may become is one of these. */
export type MarkdownNode = TextNode | ElementNode | CodeNode;

export interface TextNode {
  readonly kind: 'text';
  readonly text: string;
}

export interface ElementNode {
  readonly kind: 'element';
  readonly tag: Tag;
  readonly attributes: Attributes;
  readonly children: readonly MarkdownNode[];
  /** How many leading DOM children are closed and not in `children` any more (rows, items). */
  readonly skipped: number;
}

export interface CodeNode {
  readonly kind: 'code';
  readonly language: string;
  /** UTF-16 units of closed text before `text`. */
  readonly base: number;
  readonly text: string;
  readonly isClosed: boolean;
}

const TAGS = [
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'li',
  'blockquote',
  'hr',
  'div',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'em',
  'strong',
  's',
  'code',
  'br',
  'a',
  'button',
  'span',
  'input',
  'pre',
] as const;
export type Tag = (typeof TAGS)[number];

const NAMES: ReadonlySet<string> = new Set(TAGS);
export function isTag(name: string): name is Tag {
  return NAMES.has(name);
}

/** The only attributes there are; none of them loads, runs or navigates. */
export type AttributeName =
  | 'class'
  | 'dir'
  | 'start'
  | 'role'
  | 'tabindex'
  | 'title'
  | 'type'
  | 'disabled'
  | 'checked'
  | 'aria-label'
  | 'data-href'
  | 'data-path'
  | 'data-line'
  | 'data-action';
export type Attributes = Readonly<Partial<Record<AttributeName, string>>>;

export function text(value: string): TextNode {
  return { kind: 'text', text: value };
}

export function element(
  tag: Tag,
  attributes: Attributes = {},
  children: readonly MarkdownNode[] = [],
): ElementNode {
  return { kind: 'element', tag, attributes, children, skipped: 0 };
}

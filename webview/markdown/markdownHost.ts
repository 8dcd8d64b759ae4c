/** What rendered markdown asks of its surroundings. Nothing here navigates, loads or writes by itself. */
export interface MarkdownHost {
  /** `href` is absolute and its scheme is http, https or mailto. */
  openLink(href: string): void;
  copy(text: string): void;
  insertAtCursor(text: string): void;
  /** A relative link target without a scheme; `line` is 1-based. The receiver checks where it leads. */
  openFile(path: string, line: number | null): void;
  /** Something could not be shown as meant; the text itself is shown. Without content, for the log. */
  reportError(message: string): void;
  readonly strings: MarkdownStrings;
}

export interface MarkdownStrings {
  readonly copy: string;
  readonly copied: string;
  readonly insertAtCursor: string;
  readonly wrap: string;
  /** `{0}` is the number of lines. */
  readonly showAll: string;
  /** `{0}` is host and path. */
  readonly imageNotLoaded: string;
  readonly taskDone: string;
  readonly taskOpen: string;
}

/** The English sentences, for the panel's strings and for tests. */
export const MARKDOWN_STRINGS: MarkdownStrings = {
  copy: 'Copy',
  copied: 'Copied',
  insertAtCursor: 'Insert at cursor',
  wrap: 'Wrap lines',
  showAll: 'Show all {0} lines',
  imageNotLoaded: 'image: {0}',
  taskDone: 'Done',
  taskOpen: 'Not done',
};

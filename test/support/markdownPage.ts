import { MARKDOWN_STRINGS, StreamingMarkdown } from '../../webview/markdown/streamingMarkdown.ts';
import type { MarkdownCounts } from '../../webview/markdown/streamingMarkdown.ts';
import { MarkdownParser } from '../../webview/markdown/parser.ts';
import type { Highlighter } from '../../webview/markdown/highlighter.ts';

/** Runs inside the page; tests call it through `window.markdown`. */

export interface HostCall {
  readonly name: string;
  readonly values: readonly unknown[];
}

const calls: HostCall[] = [];
const host = {
  openLink: (href: string) => calls.push({ name: 'openLink', values: [href] }),
  copy: (text: string) => calls.push({ name: 'copy', values: [text] }),
  insertAtCursor: (text: string) => calls.push({ name: 'insertAtCursor', values: [text] }),
  openFile: (path: string, line: number | null) => calls.push({ name: 'openFile', values: [path, line] }),
  reportError: (message: string) => calls.push({ name: 'reportError', values: [message] }),
  strings: MARKDOWN_STRINGS,
};
const plain: Highlighter = { start: () => ({ cancel: () => undefined }) };

interface Rendering {
  readonly root: HTMLElement;
  readonly view: StreamingMarkdown;
}

function open(isPlain: boolean): Rendering {
  const root = document.createElement('div');
  document.body.append(root);
  return { root, view: new StreamingMarkdown(root, host, isPlain ? plain : undefined) };
}

function close({ root, view }: Rendering): void {
  view.dispose();
  root.remove();
}

function render(text: string, isClosed: boolean): string {
  const rendering = open(true);
  rendering.view.setText(text, isClosed);
  const html = rendering.root.innerHTML;
  close(rendering);
  return html;
}

export interface StreamReport {
  readonly counts: MarkdownCounts;
  /** The first difference, if any: after which length, what was shown, what one parse of it shows. */
  readonly difference: {
    readonly length: number;
    readonly streamed: string;
    readonly oneShot: string;
  } | null;
  /** Closed blocks that lost their element. */
  readonly replacedBlocks: number;
  /** The most blocks parsed in one flush. */
  readonly mostBlocks: number;
}

/** Streams `text` cut at `cuts` (ascending); compares every `step`-th state, and the end, with one parse. */
function stream(text: string, cuts: readonly number[], step: number): StreamReport {
  const rendering = open(true);
  const { root, view } = rendering;
  let difference: StreamReport['difference'] = null;
  let replacedBlocks = 0;
  let mostBlocks = 0;
  let closed: Element[] = [];
  const check = (length: number, isClosed: boolean) => {
    const streamed = root.innerHTML;
    const oneShot = render(text.slice(0, length), isClosed);
    if (streamed !== oneShot) difference ??= { length, streamed, oneShot };
  };
  cuts.forEach((length, index) => {
    const before = view.counts.renderedBlocks;
    const again = view.counts.reRenderedBlocks;
    view.setText(text.slice(0, length), false);
    mostBlocks = Math.max(mostBlocks, view.counts.renderedBlocks - before);
    const lost = closed.filter((element) => !root.contains(element)).length;
    replacedBlocks += Math.max(0, lost - (view.counts.reRenderedBlocks - again));
    closed = [...root.querySelectorAll(':scope > .md-group > .md-closed')];
    if (index % step === 0) check(length, false);
  });
  view.setText(text, true);
  check(text.length, true);
  const report = { counts: { ...view.counts }, difference, replacedBlocks, mostBlocks };
  close(rendering);
  return report;
}

export interface TouchReport {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly parsedLength: number;
}

/** What one more flush touches when `before` is there already. */
function touched(before: string, added: string): TouchReport {
  const rendering = open(true);
  const observer = new MutationObserver(() => undefined);
  rendering.view.setText(before, false);
  observer.observe(rendering.root, { subtree: true, childList: true, characterData: true, attributes: true });
  const { parsedLength } = rendering.view.counts;
  rendering.view.setText(before + added, false);
  const records = observer.takeRecords();
  observer.disconnect();
  const report = {
    added: records.reduce((sum, record) => sum + record.addedNodes.length, 0),
    removed: records.reduce((sum, record) => sum + record.removedNodes.length, 0),
    changed: records.filter((record) => record.type !== 'childList').length,
    parsedLength: rendering.view.counts.parsedLength - parsedLength,
  };
  close(rendering);
  return report;
}

/** Longest main-thread tasks, in ms, while `added` arrives one piece a frame. */
async function streamByFrame(before: string, pieces: readonly string[]): Promise<readonly number[]> {
  const rendering = open(false);
  rendering.view.setText(before, false);
  await frame();
  await frame();
  const longTasks: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === 'self') longTasks.push(entry.duration);
  });
  observer.observe({ type: 'longtask', buffered: false });
  let text = before;
  for (const piece of pieces) {
    text += piece;
    rendering.view.setText(text, false);
    await frame();
  }
  rendering.view.setText(text, true);
  await frame();
  await new Promise<void>((resolve) =>
    requestIdleCallback(() => {
      resolve();
    }),
  );
  observer.disconnect();
  close(rendering);
  return longTasks;
}

function millis(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** A fixed amount of the engine's work: its time tells how busy or slow the machine is at this moment. */
function yardstick(): number {
  const parser = new MarkdownParser();
  const text = 'An *ordinary* paragraph with `code` and [a link](https://example.com).\n\n'.repeat(3_000);
  return millis(() => parser.parseInline(parser.parseBlocks(text, {}), {}));
}

/** Parse alone, and parse with render, as multiples of the yardstick; the least of up to five tries. */
function timed(text: string): { readonly parse: number; readonly total: number } {
  let parse = Infinity;
  let total = Infinity;
  for (let run = 0; run < 5 && (parse > 14 || total > 28); run++) {
    const unit = yardstick();
    const parser = new MarkdownParser();
    parse = Math.min(parse, millis(() => parser.parseInline(parser.parseBlocks(text, {}), {})) / unit);
    const rendering = open(true);
    total = Math.min(
      total,
      millis(() => {
        rendering.view.setText(text, true);
      }) / unit,
    );
    close(rendering);
  }
  return { parse, total };
}

let shown: Rendering | null = null;
/** Leaves it in the page, with the real highlighter, for clicks and looks. */
function show(text: string, isClosed: boolean): void {
  if (shown !== null) close(shown);
  calls.length = 0;
  shown = open(false);
  shown.view.setText(text, isClosed);
}

function frame(): Promise<void> {
  return new Promise((resolve) =>
    requestAnimationFrame(() => {
      resolve();
    }),
  );
}

/** Not closed by itself: the test grows it step by step, with the real highlighter. */
function openGrowing(): { readonly root: HTMLElement; setText(text: string, isClosed: boolean): void } {
  if (shown !== null) close(shown);
  shown = open(false);
  const { root, view } = shown;
  return {
    root,
    setText: (text, isClosed) => {
      view.setText(text, isClosed);
    },
  };
}

const api = {
  yardstick,
  openGrowing,
  render,
  stream,
  touched,
  streamByFrame,
  timed,
  show,
  calls,
};
export type MarkdownPageApi = typeof api;

declare global {
  interface Window {
    markdown: MarkdownPageApi;
    isReady: boolean;
  }
}
window.markdown = api;
window.isReady = true;

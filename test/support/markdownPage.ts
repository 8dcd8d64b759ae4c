import { MARKDOWN_STRINGS, StreamingMarkdown } from '../../webview/markdown/streamingMarkdown.ts';
import type { MarkdownCounts } from '../../webview/markdown/streamingMarkdown.ts';
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
    closed = [...root.querySelectorAll(':scope > .md-closed')];
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

/** Time of one parse and render, ms. */
function timed(text: string): number {
  const rendering = open(true);
  const start = performance.now();
  rendering.view.setText(text, true);
  const duration = performance.now() - start;
  close(rendering);
  return duration;
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

const api = { render, stream, touched, streamByFrame, timed, show, calls };
export type MarkdownPageApi = typeof api;

declare global {
  interface Window {
    markdown: MarkdownPageApi;
    isReady: boolean;
  }
}
window.markdown = api;
window.isReady = true;

import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Part } from '../../src/shared/transcript.ts';
import { StreamingMarkdown, type MarkdownHost } from '../markdown/streamingMarkdown.ts';
import type { Panel } from '../panel.ts';
import { usePanel } from './panelContext.ts';
import { useEffectNow } from './useEffectNow.ts';

interface MarkdownProps {
  readonly part: ReadonlySignal<Part>;
  readonly isClosed: ReadonlySignal<boolean>;
}

/** The model's words. A delta goes from the signal to the renderer, past the component. */
export function Markdown({ part, isClosed }: MarkdownProps) {
  const panel = usePanel();
  const container = useRef<HTMLDivElement>(null);
  const renderer = useRef<StreamingMarkdown | null>(null);
  useEffectNow(() => {
    const { value } = part;
    const closed = isClosed.value;
    if (container.current === null || (value.kind !== 'text' && value.kind !== 'reasoning')) return;
    container.current.classList.toggle('streaming', !closed);
    try {
      renderer.current ??= new StreamingMarkdown(container.current, markdownHost(panel));
      renderer.current.setText(value.text, closed);
    } catch (error) {
      panel.host.report(error);
      renderer.current = null;
      container.current.textContent = value.text;
    }
  }, [part, isClosed, panel]);
  useEffect(
    () => () => {
      renderer.current?.dispose();
      renderer.current = null;
    },
    [],
  );
  return <div class="md" ref={container} />;
}

function markdownHost({ host, store }: Panel): MarkdownHost {
  const { copy, copied, insertAtCursor, wrap, showAllLines, imageNotLoaded, taskDone, taskOpen } =
    store.strings.peek();
  return {
    openLink: (href) => {
      host.post({ type: 'openLink', href });
    },
    copy: (text) => {
      host.post({ type: 'copy', text });
    },
    insertAtCursor: (text) => {
      host.post({ type: 'insertAtCursor', text });
    },
    openFile: (path, line) => {
      host.post({ type: 'openFile', path, line });
    },
    reportError: (message) => {
      host.report(new Error(message));
    },
    strings: {
      copy,
      copied,
      insertAtCursor,
      wrap,
      showAll: showAllLines,
      imageNotLoaded,
      taskDone,
      taskOpen,
    },
  };
}

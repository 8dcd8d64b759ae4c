import createParser from 'markdown-it';
import { MARKDOWN_STRINGS, StreamingMarkdown } from '../webview/markdown/streamingMarkdown.ts';

/** Runs in the page: the same text, streamed by each strategy, one token a frame, the view kept at its end. */
interface Strategy {
  setText(text: string): void;
}

const nothing = () => undefined;
const host = {
  openLink: nothing,
  copy: nothing,
  insertAtCursor: nothing,
  openFile: nothing,
  reportError: nothing,
  strings: MARKDOWN_STRINGS,
};

const strategies: Readonly<Record<string, (root: HTMLElement) => Strategy>> = {
  /** Nothing that shows the text can be cheaper: paragraphs of plain text, those out of sight skipped. */
  bound: (root) => {
    let shown = 0;
    root.classList.add('md');
    let group = root.appendChild(document.createElement('div'));
    group.className = 'md-group';
    return {
      setText: (text) => {
        const paragraphs = text.slice(shown).split('\n\n');
        paragraphs.forEach((paragraph, index) => {
          let last = group.lastElementChild;
          if (index > 0 || last === null) {
            if (group.childElementCount >= 32) {
              group = root.appendChild(document.createElement('div'));
              group.className = 'md-group';
            }
            last = group.appendChild(document.createElement('p'));
          }
          if (last.firstChild instanceof Text) last.firstChild.appendData(paragraph);
          else last.textContent = paragraph;
        });
        shown = text.length;
      },
    };
  },
  ours: (root) => {
    const view = new StreamingMarkdown(root, host);
    return {
      setText: (text) => {
        view.setText(text, false);
      },
    };
  },
  'markdown-it whole': (root) => {
    const parser = createParser({ linkify: true });
    root.classList.add('md');
    return {
      setText: (text) => {
        root.innerHTML = parser.render(text);
      },
    };
  },
};

function frame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      resolve();
    });
  });
}

let current: Strategy | null = null;
const scroller = document.createElement('div');
scroller.className = 'scroller';
document.body.append(scroller);

/** Shows `before`; the measured part begins after it. */
async function prepare(name: string, before: string): Promise<void> {
  scroller.replaceChildren();
  const root = document.createElement('div');
  scroller.append(root);
  current = strategies[name]?.(root) ?? null;
  current?.setText(before);
  scroller.scrollTop = scroller.scrollHeight;
  // Colouring what is there already is not what is measured; the last block may be cut anywhere.
  const plainBlocks = () =>
    [...root.querySelectorAll('.md-code')].filter((code) => code.querySelector('.hljs-keyword') === null)
      .length;
  do {
    for (let count = 0; count < 30; count++) await frame();
  } while (plainBlocks() > 1 && name === 'ours');
}

async function run(before: string, added: string, tokenLength: number): Promise<void> {
  for (let at = tokenLength; at <= added.length; at += tokenLength) {
    current?.setText(before + added.slice(0, at));
    scroller.scrollTop = scroller.scrollHeight;
    await frame();
  }
}

const bench = { prepare, run };
declare global {
  interface Window {
    bench: typeof bench;
    isReady: boolean;
  }
}
window.bench = bench;
window.isReady = true;

import type { Frame, Page } from 'playwright-core';

/** What stands in the newest turn of a panel, as far as `--once` prints it. */
export interface PanelSight {
  readonly turnCount: number;
  readonly isBusy: boolean;
  /** The reply's text as it is drawn, without reasoning. */
  readonly text: string;
  /** The names of tool rows: "Bash, running". */
  readonly tools: readonly string[];
  /** A button that says yes waits to be pressed. */
  readonly isAllowOffered: boolean;
  readonly alert: string;
  readonly metrics: string;
}

/** Calls `onChange` for every change that can be seen, without polling. */
export async function watchPanel(
  page: Page,
  frame: Frame,
  onChange: (sight: PanelSight) => void,
): Promise<void> {
  await page.exposeBinding('lettaSight', (_source, sight: PanelSight) => {
    onChange(sight);
  });
  await frame.evaluate(() => {
    const report = (globalThis as unknown as { lettaSight: (sight: PanelSight) => void }).lettaSight;
    let last = '';
    const blockText = (block: Element): string => {
      const code = block.querySelector('pre');
      if (code !== null) return code.textContent;
      if (block.matches('ul, ol'))
        return [...block.children].map((item) => `- ${item.textContent}`).join('\n');
      return block.textContent;
    };
    const text = (turn: Element | undefined): string =>
      [...(turn?.querySelectorAll('.md') ?? [])]
        .filter((area) => area.closest('.thought') === null)
        .flatMap((area) => [...area.querySelectorAll(':scope > .md-group > *')].map(blockText))
        .join('\n\n');
    const alertText = (): string => {
      const alert = document.querySelector('[role=alert]')?.cloneNode(true);
      if (!(alert instanceof Element)) return '';
      for (const button of alert.querySelectorAll('button')) button.remove();
      return alert.textContent.trim();
    };
    const look = (): void => {
      const turns = [...document.querySelectorAll('article')];
      const turn = turns.at(-1);
      const sight: PanelSight = {
        turnCount: turns.length,
        isBusy: turn?.getAttribute('aria-busy') === 'true',
        text: text(turn),
        tools: [...(turn?.querySelectorAll('[role=group][aria-label]') ?? [])]
          // Inside a row there are groups for its input and output.
          .filter((group) => group.parentElement?.closest('[role=group]') === null)
          .map((group) => group.getAttribute('aria-label') ?? ''),
        isAllowOffered: [...document.querySelectorAll('[aria-label="Approval needed"] button')].some(
          (button) => button.textContent.trim() === 'Allow',
        ),
        alert: alertText(),
        metrics: [...(turn?.querySelectorAll('.foot .demo, .foot .figures > *') ?? [])]
          .map((figure) => figure.textContent.trim())
          .join(' · '),
      };
      const now = JSON.stringify(sight);
      if (now === last) return;
      last = now;
      report(sight);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ['aria-busy', 'aria-label'],
    });
    look();
  });
}

/** Prints a growing reply once: what came since the last look, and every state a tool row takes. */
export class ReplyPrinter {
  readonly #write: (text: string) => void;
  readonly #shownTools = new Set<string>();
  #printed = '';
  #isLineOpen = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show({ text, tools }: PanelSight): void {
    tools.forEach((name, index) => {
      // Elapsed seconds are part of no name; the same row in a new state is a new line.
      const key = `${String(index)} ${name}`;
      if (this.#shownTools.has(key)) return;
      this.#shownTools.add(key);
      this.line(`[${name}]`);
    });
    // The open tail is parsed again as it grows ("**bo" becomes "bo"): wait until what was printed is a beginning again.
    if (text.length <= this.#printed.length || !text.startsWith(this.#printed)) return;
    const rest = text.slice(this.#printed.length);
    this.#write(this.#isLineOpen ? rest : rest.trimStart());
    this.#printed = text;
    this.#isLineOpen = true;
  }

  line(text: string): void {
    this.#endLine();
    this.#write(`${text}\n`);
  }

  /** The end of the reply, also where the last look did not continue what was printed. */
  finish(sight: PanelSight): void {
    this.show(sight);
    if (!sight.text.startsWith(this.#printed)) {
      let same = 0;
      while (same < this.#printed.length && sight.text[same] === this.#printed[same]) same += 1;
      const lineStart = sight.text.lastIndexOf('\n', same) + 1;
      this.#endLine();
      this.#write(sight.text.slice(lineStart));
      this.#isLineOpen = true;
    }
    this.#endLine();
  }

  #endLine(): void {
    if (this.#isLineOpen) this.#write('\n');
    this.#isLineOpen = false;
  }
}

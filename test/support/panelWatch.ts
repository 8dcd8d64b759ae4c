import type { Frame, Page } from 'playwright-core';

export interface TurnSight {
  /** How its text begins: with the prompt. */
  readonly begins: string;
  /** `tok0 …` */
  readonly tokens: number;
  /** "Bash, running" */
  readonly tools: readonly string[];
}

/** What stood in the panel at a moment. */
export interface Sight {
  readonly at: number;
  /** The newest three. */
  readonly turns: readonly TurnSight[];
  /** The host says so: what the panel paints by itself after a reload does not run. */
  readonly isRunning: boolean;
  /** Above the composer: "Thinking · 3 s · ≈40 tokens". */
  readonly status: string;
  readonly hasApproval: boolean;
}

/** Every panel that this page shows from now on is looked at every few milliseconds, from its first moment. */
export async function watchPanels(page: Page): Promise<void> {
  await page.addInitScript(() => {
    if (window.top === window) return;
    const sights: Sight[] = [];
    Object.assign(globalThis, { lettaSights: sights });
    let last = '';
    setInterval(() => {
      const articles = Array.from(document.querySelectorAll('article')).slice(-3);
      if (articles.length === 0) return;
      const sight = {
        turns: articles.map((article) => ({
          begins: article.textContent.slice(0, 300),
          tokens: article.textContent.match(/tok\d+/g)?.length ?? 0,
          tools: Array.from(
            article.querySelectorAll('[role=group]'),
            (one) => one.getAttribute('aria-label') ?? '',
          ),
        })),
        isRunning: document.querySelector('button[aria-label="Stop"]') !== null,
        status: document.querySelector('.status')?.textContent ?? '',
        hasApproval: document.querySelector('section[aria-label="Approval needed"]') !== null,
      };
      const seen = JSON.stringify(sight);
      if (seen !== last) sights.push({ at: Date.now(), ...sight });
      last = seen;
    }, 10);
  });
}

/** Resolves to the first sight since then that shows it, also if that was before now. */
export async function firstSight(
  frame: Frame,
  since: number,
  isIt: (sight: Sight) => boolean,
  timeoutMs = 20_000,
): Promise<Sight> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const sights = await frame.evaluate(
      () => (globalThis as unknown as { readonly lettaSights: readonly Sight[] }).lettaSights,
    );
    const found = sights.find((sight) => sight.at >= since && isIt(sight));
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not seen; at last: ${JSON.stringify(sights.at(-1))}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

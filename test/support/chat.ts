import assert from 'node:assert/strict';
import type { Frame, Locator } from 'playwright-core';

/** A chat as a person meets it: by roles and names only. */
export class Chat {
  readonly frame: Frame;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  get composer(): Locator {
    return this.frame.getByRole('textbox', { name: 'Message' });
  }

  get log(): Locator {
    return this.frame.getByRole('log', { name: 'Conversation' });
  }

  get turns(): Locator {
    return this.log.getByRole('article');
  }

  get lastTurn(): Locator {
    return this.turns.last();
  }

  get approval(): Locator {
    return this.frame.getByRole('region', { name: 'Approval needed' });
  }

  get stopButton(): Locator {
    return this.frame.getByRole('button', { name: 'Stop', exact: true });
  }

  tool(name: string, state: string): Locator {
    return this.lastTurn.getByRole('group', { name: `${name}, ${state}` });
  }

  /** Turns in which this text stands. */
  turnsWith(text: string): Locator {
    return this.turns.filter({ hasText: text });
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await this.frame.getByText(text, { exact: true }).first().waitFor();
  }

  /** Waits until nothing streams any more and says what the last turn holds. */
  async finished(timeoutMs = 30_000): Promise<string> {
    await this.frame
      .locator('article:last-of-type:not([aria-busy=true])')
      .last()
      .waitFor({ timeout: timeoutMs });
    await this.frame.waitForFunction(
      () => {
        const turns = document.querySelectorAll('article');
        const last = turns[turns.length - 1];
        return (
          last !== undefined &&
          last.getAttribute('aria-busy') !== 'true' &&
          last.querySelector('.foot') !== null
        );
      },
      undefined,
      { timeout: timeoutMs },
    );
    return this.lastTurn.innerText();
  }

  async sendAndFinish(text: string): Promise<string> {
    await this.send(text);
    return this.finished();
  }

  /** Resolves when the text stands in the newest turn. */
  async sees(text: string, timeoutMs = 30_000): Promise<void> {
    await this.lastTurn.getByText(text).first().waitFor({ timeout: timeoutMs });
  }

  /** Lengths that the newest turn's text had, one for each time it was seen to grow; begins to watch now. */
  async watchGrowth(): Promise<() => Promise<readonly number[]>> {
    await this.frame.evaluate(() => {
      const lengths: number[] = [];
      Object.assign(globalThis, { lettaGrowth: lengths });
      new MutationObserver(() => {
        const articles = document.querySelectorAll('article');
        const length = articles[articles.length - 1]?.textContent.length ?? 0;
        if (length !== lengths.at(-1)) lengths.push(length);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    return () =>
      this.frame.evaluate(
        () => (globalThis as unknown as { readonly lettaGrowth: readonly number[] }).lettaGrowth,
      );
  }
}

/** `tok0 tok1 … tok(n-1)`: what the demo's test replies consist of, each exactly once and in order. */
export function assertTokens(text: string, count: number): void {
  assertNumbered('tok', text, count);
}

/** The same with another word: reasoning is `think0 think1 …`. */
export function assertNumbered(word: string, text: string, count: number): void {
  assert.deepEqual(
    text.match(new RegExp(`${word}\\d+`, 'g')) ?? [],
    Array.from({ length: count }, (_, index) => word + String(index)),
  );
}

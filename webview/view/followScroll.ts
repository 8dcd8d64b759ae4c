import type { Signal } from '@preact/signals';
import type { ScrollAnchor } from '../persisted.ts';

const UP_KEYS = new Set(['ArrowUp', 'PageUp', 'Home']);
/** Positions are fractional on scaled screens. */
const END_SLACK_PX = 2;
/** Longer than a browser's scroll by a key or a wheel goes on by itself. */
const SMOOTH_SCROLL_MS = 1000;

/**
 * Keeps the end of the log in view while the reader wants that. What the reader wants is told by what the reader
 * does (wheel, keys, touch, scroll bar), not by how far from the end the view happens to be.
 */
export class FollowScroll {
  readonly #log: HTMLElement;
  readonly #isFollowing: Signal<boolean>;
  readonly #resizes: ResizeObserver;
  readonly #listening = new AbortController();
  #lastTop: number;
  #lastRoom: number;
  /** Until then (`performance.now`) the rest of a smooth scroll from before the jump does not count as leaving. */
  #jumpedUntil = 0;

  constructor(log: HTMLElement, content: HTMLElement, isFollowing: Signal<boolean>) {
    this.#log = log;
    this.#isFollowing = isFollowing;
    this.#lastTop = log.scrollTop;
    this.#lastRoom = this.#room();
    const { signal } = this.#listening;
    log.addEventListener(
      'wheel',
      (event) => {
        if (event.deltaY < 0) this.#leaveEnd();
      },
      { signal, passive: true },
    );
    log.addEventListener(
      'keydown',
      (event) => {
        if (UP_KEYS.has(event.key)) this.#leaveEnd();
      },
      { signal },
    );
    log.addEventListener(
      'scroll',
      () => {
        this.#scrolled();
      },
      { signal, passive: true },
    );
    for (const type of ['pointerdown', 'touchstart'] as const) {
      log.addEventListener(type, () => (this.#jumpedUntil = 0), { signal, passive: true });
    }
    // Runs after layout and before the paint: text that arrives never shows above a stale position.
    this.#resizes = new ResizeObserver(() => {
      this.pin();
    });
    this.#resizes.observe(content);
    this.#resizes.observe(log);
    this.pin();
  }

  dispose(): void {
    this.#resizes.disconnect();
    this.#listening.abort();
  }

  pin(): void {
    if (this.#isFollowing.peek()) this.#log.scrollTop = this.#log.scrollHeight;
    this.#remember();
  }

  /** To the end, because the reader asked for it. */
  jump(): void {
    this.#jumpedUntil = performance.now() + SMOOTH_SCROLL_MS;
    this.pin();
  }

  /** Where the reading is: null at the followed end. */
  anchor(): ScrollAnchor | null {
    if (this.#isFollowing.peek()) return null;
    const top = this.#log.getBoundingClientRect().top;
    for (const turn of this.#log.querySelectorAll<HTMLElement>('[data-turn]')) {
      const box = turn.getBoundingClientRect();
      if (box.bottom <= top) continue;
      return { turnId: turn.dataset['turn'] ?? '', offsetPx: box.top - top };
    }
    return null;
  }

  /** Puts the turn of the anchor where it was. */
  restore(anchor: ScrollAnchor): void {
    for (const turn of this.#log.querySelectorAll<HTMLElement>('[data-turn]')) {
      if (turn.dataset['turn'] !== anchor.turnId) continue;
      const top = turn.getBoundingClientRect().top - this.#log.getBoundingClientRect().top;
      this.#log.scrollTop += top - anchor.offsetPx;
      break;
    }
    this.#remember();
    if (this.#lastTop >= this.#lastRoom - END_SLACK_PX) this.#isFollowing.value = true;
  }

  #leaveEnd(): void {
    this.#jumpedUntil = 0;
    if (this.#room() > END_SLACK_PX) this.#isFollowing.value = false;
  }

  /**
   * Also hears of touch, the scroll bar, search and screen readers. Our own moves end where `#lastTop` says; a content
   * that became shorter moves the view without anybody wanting it.
   */
  #scrolled(): void {
    const top = this.#log.scrollTop;
    const room = this.#room();
    if (performance.now() < this.#jumpedUntil && top < room - END_SLACK_PX) {
      this.pin();
      return;
    }
    const hasShrunk = room < this.#lastRoom;
    if (top < this.#lastTop - END_SLACK_PX && !hasShrunk) this.#isFollowing.value = false;
    else if (top > this.#lastTop && top >= room - END_SLACK_PX) this.#isFollowing.value = true;
    this.#remember();
  }

  /** How far down the log can be scrolled. */
  #room(): number {
    return this.#log.scrollHeight - this.#log.clientHeight;
  }

  #remember(): void {
    this.#lastTop = this.#log.scrollTop;
    this.#lastRoom = this.#room();
  }
}

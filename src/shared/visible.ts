/**
 * Code points that a reader can't see or that reorder what they see (RELIABILITY V9: Trojan Source, ASCII smuggling).
 * Shown as escapes in commands, paths and names; prose keeps them.
 */
const HIDDEN =
  /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

export interface VisibleText {
  readonly text: string;
  /** How many code points were replaced by an escape. */
  readonly hiddenCount: number;
}

/** Replaces every hidden code point by `\u{hex}`. Tab and line feed stay. */
export function visible(text: string): VisibleText {
  let hiddenCount = 0;
  const shown = text.replaceAll(HIDDEN, (character) => {
    if (character === '\t' || character === '\n') return character;
    hiddenCount++;
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return { text: shown, hiddenCount };
}

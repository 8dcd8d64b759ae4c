import type { ComponentChildren } from 'preact';
import { Icon } from './Icon.tsx';

interface RowProps {
  /** A codicon that stands for the state, in place of the chevron. */
  readonly icon?: string | undefined;
  readonly tone?: 'ok' | 'bad' | 'warn' | 'accent' | undefined;
  readonly title: ComponentChildren;
  readonly side?: ComponentChildren;
  /** Null: there is nothing to open. */
  readonly isExpanded: boolean | null;
  readonly onToggle: () => void;
}

/** One quiet line of a turn: an icon, words, a figure. Opens when there is more to show. */
export function Row({ icon, tone, title, side, isExpanded, onToggle }: RowProps) {
  const chevron = isExpanded === true ? 'chevron-down' : 'chevron-right';
  const content = (
    <>
      <Icon
        name={icon === undefined || isExpanded === true ? chevron : icon}
        {...(tone === undefined || isExpanded === true ? {} : { tone })}
      />
      <span class="what">{title}</span>
      <span class="side">{side}</span>
    </>
  );
  if (isExpanded === null) return <div class="row plain">{content}</div>;
  return (
    <button type="button" class="row" aria-expanded={isExpanded} onClick={onToggle}>
      {content}
    </button>
  );
}

interface IconProps {
  /** A codicon name, without its prefix. */
  readonly name: string;
  readonly tone?: 'ok' | 'bad' | 'warn' | 'accent';
}

/** Decoration only: what it says is also said in words. */
export function Icon({ name, tone }: IconProps) {
  return <span class={`codicon codicon-${name}${tone === undefined ? '' : ` ${tone}`}`} aria-hidden="true" />;
}

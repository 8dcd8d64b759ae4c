import { visible } from '../../src/shared/visible.ts';

/** Where a link leads, decided in one place (RELIABILITY V2). */
export type LinkTarget =
  | { readonly kind: 'web'; readonly href: string; readonly shown: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number | null; readonly shown: string }
  /** Never opened: shown as text. */
  | { readonly kind: 'plain'; readonly shown: string };

const OPENABLE = new Set(['http:', 'https:', 'mailto:']);
const LONGEST_SHOWN = 300;

export function linkTarget(raw: string): LinkTarget {
  const url = URL.parse(raw);
  if (url !== null && OPENABLE.has(url.protocol)) {
    // `href` of URL has the host in punycode, so a look-alike name is seen as what it is.
    return { kind: 'web', href: url.href, shown: shorten(url.href) };
  }
  const shown = shorten(raw);
  if (url !== null) return { kind: 'plain', shown };
  return fileTarget(raw, shown);
}

/** `host/path`, for pictures that are not loaded. */
export function hostAndPath(href: string): string {
  const url = URL.parse(href);
  return url === null ? shorten(href) : shorten(url.host + url.pathname);
}

const LINE = /^(?<path>[^#?]+?)(?:#L(?<hash>\d{1,7})(?:-L?\d+)?|:(?<colon>\d{1,7})(?:[:-]\d+)?)?$/;

/** A path below the workspace, such as `src/a.ts#L12`: no scheme, no root, no way up. */
function fileTarget(raw: string, shown: string): LinkTarget {
  const groups = LINE.exec(decoded(raw))?.groups;
  const path = groups?.['path'];
  if (path === undefined || /^[/\\#?]|^[a-z][a-z0-9+.-]*:|\\|(?:^|\/)\.\.(?:\/|$)|\p{Cc}/iu.test(path)) {
    return { kind: 'plain', shown };
  }
  const line = groups?.['hash'] ?? groups?.['colon'];
  return { kind: 'file', path, line: line === undefined ? null : Number(line), shown };
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    // A stray % is a character of the name, not an error.
    return raw;
  }
}

function shorten(text: string): string {
  const shown = visible(text).text;
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown;
}

export interface WebviewPage {
  readonly scriptUri: string;
  readonly styleUri: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** At least 128 bits from `crypto`, new for every page. */
  readonly nonce: string;
  /** BCP 47, of VS Code's display language. */
  readonly lang: string;
  readonly title: string;
}

/**
 * The page of every chat view. Nothing of the conversation is in it: that comes by message. The policy is the strict
 * one of the measurements behind it: no network, no eval, no HTML from strings (`trusted-types 'none'`).
 */
export function webviewHtml(page: WebviewPage): string {
  return `<!DOCTYPE html>
<html lang="${attribute(page.lang)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(contentSecurityPolicy(page))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(page.title)}</title>
<link rel="stylesheet" href="${attribute(page.styleUri)}">
</head>
<body>
<div id="root"></div>
<script type="module" nonce="${attribute(page.nonce)}" src="${attribute(page.scriptUri)}"></script>
</body>
</html>
`;
}

export function contentSecurityPolicy(page: Pick<WebviewPage, 'cspSource' | 'nonce'>): string {
  const { cspSource, nonce } = page;
  return [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `img-src ${cspSource} data:`,
    `font-src ${cspSource}`,
    `connect-src 'none'`,
    `frame-src 'none'`,
    `worker-src 'none'`,
    `object-src 'none'`,
    `media-src 'none'`,
    `form-action 'none'`,
    `base-uri 'none'`,
    `require-trusted-types-for 'script'`,
    `trusted-types 'none'`,
  ].join('; ');
}

function attribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

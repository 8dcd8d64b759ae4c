/**
 * Every sentence the webview shows, in English. The host translates them (`vscode.l10n.t`) and sends them with the
 * snapshot. `{0}`, `{1}` are filled by `format`.
 */
export const PANEL_STRINGS = {
  conversation: 'Conversation',
  message: 'Message',
  send: 'Send',
  sendNext: 'Send next',
  stop: 'Stop',
} as const;

export type PanelStrings = { readonly [Key in keyof typeof PANEL_STRINGS]: string };

export function format(template: string, ...values: readonly (string | number)[]): string {
  return template.replaceAll(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
}

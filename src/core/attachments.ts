import type { Attachment } from '../shared/panel.ts';
import type { SentAttachment } from '../shared/transcript.ts';
import { formatAttachment } from '../shared/attachmentText.ts';

/** A chip and the text behind it. The text stays in the host; the webview gets the chip. */
export interface AttachmentContent {
  readonly chip: Attachment;
  readonly text: string;
}

export interface AttachmentSource {
  readonly path: string;
  readonly language: string;
  readonly lines: readonly [number, number] | null;
  readonly text: string;
  readonly isUnsaved: boolean;
}

/** Names of files that usually hold secrets. They are attached only after a yes. */
const SECRET_NAMES: readonly RegExp[] = [
  /^\.env(\..*)?$/i,
  /\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)$/i,
  /^id_(rsa|dsa|ecdsa|ed25519)(\..*)?$/i,
  /^\.?(npmrc|netrc|pgpass|htpasswd|git-credentials|pypirc|dockercfg)$/i,
  /^_netrc$/i,
  /(^|[._-])(secret|secrets|credential|credentials)([._-].*)?$/i,
  /^(service-?account|google-credentials).*\.json$/i,
  /\.tfvars(\.json)?$/i,
  /\.tfstate(\.backup)?$/i,
];

const SECRET_FOLDERS = /(^|[\\/])(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker)[\\/]/i;

export function looksSecret(path: string): boolean {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return SECRET_FOLDERS.test(path) || SECRET_NAMES.some((pattern) => pattern.test(name));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function sizeBytes(text: string): number {
  return encoder.encode(text).length;
}

/** Cuts at the last line end within `budgetBytes` (UTF-8), or within a line where the first one is longer. */
export function cutToBudget(
  text: string,
  budgetBytes: number,
): { readonly text: string; readonly cutBytes: number } {
  const bytes = encoder.encode(text);
  if (bytes.length <= budgetBytes) return { text, cutBytes: 0 };
  let end = Math.max(0, budgetBytes);
  // Not inside a character: continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  const lineEnd = bytes.lastIndexOf(0x0a, end - 1);
  if (lineEnd > 0) end = lineEnd;
  return { text: decoder.decode(bytes.subarray(0, end)), cutBytes: bytes.length - end };
}

/** Adds a source to the chips within what the others have left of the budget. The same range attached twice replaces. */
export function addAttachment(
  attached: readonly AttachmentContent[],
  source: AttachmentSource,
  id: string,
  budgetBytes: number,
): readonly AttachmentContent[] {
  const others = attached.filter(
    ({ chip }) => chip.path !== source.path || !sameLines(chip.lines, source.lines),
  );
  const used = others.reduce((sum, { chip }) => sum + chip.sizeBytes - chip.cutBytes, 0);
  const { text, cutBytes } = cutToBudget(source.text, budgetBytes - used);
  const chip: Attachment = {
    id,
    path: source.path,
    language: source.language,
    lines: source.lines,
    sizeBytes: sizeBytes(source.text),
    cutBytes,
    isUnsaved: source.isUnsaved,
  };
  return [...others, { chip, text }];
}

export function sentAttachment({ chip }: AttachmentContent): SentAttachment {
  return {
    path: chip.path,
    language: chip.language,
    lines: chip.lines,
    sizeBytes: chip.sizeBytes,
    cutBytes: chip.cutBytes,
  };
}

/** The content parts of a message: the attachments, then the person's words. */
export function messageTexts(attached: readonly AttachmentContent[], text: string): readonly string[] {
  return [...attached.map((content) => formatAttachment(sentAttachment(content), content.text)), text];
}

function sameLines(a: readonly [number, number] | null, b: readonly [number, number] | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}

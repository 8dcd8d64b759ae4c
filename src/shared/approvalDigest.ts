/**
 * A short digest of an approval's input. The webview sends back the digest of what it showed; the host compares it
 * with what would run. It guards against a stale card, not against an attacker who controls the webview, so a fast
 * non-cryptographic hash (64-bit FNV-1a over UTF-16 units) is enough.
 */
export function approvalDigest(input: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < input.length; index++) {
    hash ^= BigInt(input.charCodeAt(index));
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  return `${hash.toString(16).padStart(16, '0')}:${String(input.length)}`;
}

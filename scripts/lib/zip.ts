import { readFile } from 'node:fs/promises';

export interface ZipEntry {
  readonly name: string;
  readonly compressedBytes: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** The names and packed sizes in a zip file, from its central directory. Not for zip64 (over 65,535 entries or 4 GB). */
export async function readZipEntries(path: string): Promise<readonly ZipEntry[]> {
  const zip = await readFile(path);
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END) end -= 1;
  if (end < 0) throw new Error(`${path} is not a zip file`);
  const count = zip.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(at) !== ENTRY) throw new Error(`${path}: entry ${String(index)} is damaged`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    );
    const nameEnd = at + 46 + (nameLength ?? 0);
    entries.push({
      name: zip.toString('utf8', at + 46, nameEnd),
      compressedBytes: zip.readUInt32LE(at + 20),
    });
    at = nameEnd + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return entries;
}

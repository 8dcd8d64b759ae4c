/** How the scripted demo model is connected as a provider of the local runtime. */
export interface DemoModelInfo {
  readonly providerId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly modelHandle: string;
  readonly baseUrl: string;
}

export function parseDemoModelInfo(value: unknown): DemoModelInfo | null {
  if (typeof value !== 'object' || value === null) return null;
  const { providerId, fields, modelHandle, baseUrl } = value as Readonly<Record<string, unknown>>; // each checked below
  if (typeof providerId !== 'string' || typeof modelHandle !== 'string' || typeof baseUrl !== 'string')
    return null;
  if (typeof fields !== 'object' || fields === null) return null;
  const entries = Object.entries(fields).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { providerId, fields: Object.fromEntries(entries), modelHandle, baseUrl };
}

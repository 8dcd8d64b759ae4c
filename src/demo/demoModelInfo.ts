/** How the scripted demo model can be connected to the local runtime. */
export interface DemoModelInfo extends DemoOffer {
  readonly baseUrl: string;
  /** The same model as other providers, for a person whose own server is connected as the first one. */
  readonly alternatives: readonly DemoOffer[];
}

/** What `connectProvider` needs, and the handle the model has then. */
export interface DemoOffer {
  readonly providerId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly modelHandle: string;
}

export function parseDemoModelInfo(value: unknown): DemoModelInfo | null {
  const offer = parseOffer(value);
  if (offer === null || !isRecord(value)) return null;
  const { baseUrl, alternatives } = value;
  if (typeof baseUrl !== 'string' || !Array.isArray(alternatives)) return null;
  return { ...offer, baseUrl, alternatives: alternatives.map(parseOffer).filter((one) => one !== null) };
}

function parseOffer(value: unknown): DemoOffer | null {
  if (!isRecord(value)) return null;
  const { providerId, fields, modelHandle } = value;
  if (typeof providerId !== 'string' || typeof modelHandle !== 'string' || !isRecord(fields)) return null;
  const entries = Object.entries(fields).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { providerId, modelHandle, fields: Object.fromEntries(entries) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

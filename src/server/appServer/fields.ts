/** Reading members of unchecked JSON: own properties only, and only of the type asked for. Nothing here throws. */
export type Fields = Readonly<Record<string, unknown>>;

export function asFields(value: unknown): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return value as Fields; // an object; each member is checked when it is read
}

export function member(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

export function text(fields: Fields, key: string): string | null {
  const value = member(fields, key);
  return typeof value === 'string' ? value : null;
}

/** Finite numbers only. */
export function number(fields: Fields, key: string): number | null {
  const value = member(fields, key);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A count or size: never negative. */
export function count(fields: Fields, key: string): number {
  return Math.max(0, number(fields, key) ?? 0);
}

export function flag(fields: Fields, key: string): boolean | null {
  const value = member(fields, key);
  return typeof value === 'boolean' ? value : null;
}

export function object(fields: Fields, key: string): Fields | null {
  return asFields(member(fields, key));
}

export function list(fields: Fields, key: string): readonly unknown[] {
  const value = member(fields, key);
  return Array.isArray(value) ? value : [];
}

export function objects(fields: Fields, key: string): readonly Fields[] {
  return list(fields, key)
    .map(asFields)
    .filter((entry) => entry !== null);
}

export function texts(fields: Fields, key: string): readonly string[] {
  return list(fields, key).filter((entry) => typeof entry === 'string');
}

/** Epoch ms of an ISO date, else null. */
export function date(fields: Fields, key: string): number | null {
  const value = Date.parse(text(fields, key) ?? '');
  return Number.isNaN(value) ? null : value;
}

const MAX_JSON = 20_000;

/** JSON for people to read: cut where it is long, never an error (a value may be too deep to write). */
export function shownJson(value: unknown): string {
  const json = exactJson(value);
  return json.length > MAX_JSON ? `${json.slice(0, MAX_JSON)}…` : json;
}

/** '' for what JSON cannot say. */
export function exactJson(value: unknown): string {
  try {
    const json: unknown = JSON.stringify(value);
    return typeof json === 'string' ? json : '';
  } catch {
    return '';
  }
}

export function parsedObject(json: string): Fields | null {
  try {
    return asFields(JSON.parse(json));
  } catch {
    return null;
  }
}

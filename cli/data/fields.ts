import type { Fields } from './rows.ts';

/** A field that cannot be used; the message names it and says what was expected. */
export class FieldFault extends Error {}

const has = (fields: Fields, name: string): boolean =>
  fields[name] !== undefined && fields[name] !== null;

/** The field under the first of its names that is there. */
export function fieldOf(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) if (has(fields, name)) return fields[name];
  return undefined;
}

/** Text; whole numbers count as text, since many ids are numbers. */
export function textOf(fields: Fields, names: readonly string[]): string | null {
  const value = fieldOf(fields, names);
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw new FieldFault(`${names[0]}: must be text`);
}

export function neededText(fields: Fields, names: readonly string[]): string {
  const text = textOf(fields, names);
  if (text === null || text === '') throw new FieldFault(`${names.join(' or ')}: is missing`);
  return text;
}

export function numberOf(fields: Fields, name: string): number | null {
  const value = fieldOf(fields, [name]);
  if (value === undefined) return null;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw new FieldFault(`${name}: must be a finite number`);
  }
  return number;
}

/** With a zone: without one nobody knows when it was. */
export const isoTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
/** Anything below, as milliseconds, is before March 1973: it was surely meant as seconds. */
const msMin = 100_000_000_000;

/** Milliseconds since 1970, ISO 8601 with a zone, or the word `now`. */
export function timeOf(fields: Fields, names: readonly string[], nowMs: number): number | null {
  const value = fieldOf(fields, names);
  if (value === undefined) return null;
  if (value === 'now') return nowMs;
  const ms =
    typeof value === 'string' ? (isoTime.test(value) ? Date.parse(value) : Number(value)) : value;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) {
    throw new FieldFault(
      `${names.join(' or ')}: must be milliseconds since 1970, or like 2026-01-31T12:00:00Z, or now`,
    );
  }
  if (ms >= 0 && ms < msMin) {
    throw new FieldFault(`${names.join(' or ')}: looks like seconds; milliseconds are wanted`);
  }
  return ms;
}

/** An object of texts, in JSON; in CSV the columns `attributes.<name>`. */
export function attributesOf(fields: Fields): Record<string, string> {
  const attributes: Record<string, string> = {};
  const given = fields['attributes'] ?? {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new FieldFault('attributes: must be an object');
  }
  for (const [name, value] of Object.entries(given)) put(attributes, name, value);
  for (const name of Object.keys(fields)) {
    if (name.startsWith(attributePrefix)) {
      put(attributes, name.slice(attributePrefix.length), fields[name]);
    }
  }
  return attributes;
}

export const attributePrefix = 'attributes.';

function put(attributes: Record<string, string>, name: string, value: unknown): void {
  if (!['string', 'number', 'boolean'].includes(typeof value)) {
    throw new FieldFault(`attributes.${name}: must be text`);
  }
  // Not by assignment: '__proto__' is a name like any other.
  Object.defineProperty(attributes, name, { value: String(value), enumerable: true });
}

/** Names that no reader knows: said once per file, since a misspelt one would be lost silently. */
export function unknownNames(fields: Fields, known: ReadonlySet<string>): string[] {
  return Object.keys(fields).filter(
    (name) => !known.has(name) && !name.startsWith(attributePrefix),
  );
}

import { createHash } from 'node:crypto';

type Value = null | boolean | number | string | readonly Value[] | { readonly [k: string]: Value };

const sorted = (value: Value): Value => {
  if (Array.isArray(value)) return (value as readonly Value[]).map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as Record<string, Value>)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
};

/** JSON with sorted names and no spaces: two contents are the same if and only if these are equal. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value as Value));

/** `<name>@<first 12 hex of the SHA-256 of the canonical content>`. */
export const versionOf = (name: string, content: unknown): string =>
  `${name}@${createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 12)}`;

import { z } from 'zod';

import { UserError } from '../../lib/errors.ts';

/** Where a fix cannot be applied to an event; says which field, never its value. */
export class FixFault extends Error {}

/** What the failed record itself can say, by the words that a fix may use for it. */
export interface Source {
  readonly appendedAtMs: number;
  /** An id made from where the record lies: the same whenever it is asked for. */
  readonly positionId: string;
  readonly key: string | null;
  readonly header: (name: string) => string | null;
}

export type Fields = Readonly<Record<string, unknown>>;

const words = ['@appended_at', '@position', '@key'];
const headerWord = '@header:';

const isWord = (text: string): boolean =>
  !text.startsWith('@') ||
  text.startsWith('@@') ||
  words.includes(text) ||
  (text.startsWith(headerWord) && text.length > headerWord.length);

const name = z.string().min(1);
const value = z
  .json()
  .refine(
    (given) => typeof given !== 'string' || isWord(given),
    `a value that begins with @ is one of ${words.join(', ')}, ${headerWord}NAME; @@ is a plain @`,
  );
const reading = /^(json|(schema|bare|version):\d{1,10})$/;

const fixSchema = z.strictObject({
  as: z.string().regex(reading, 'json, schema:ID, bare:ID or version:NUMBER').optional(),
  partial: z.boolean().optional(),
  rename: z.record(name, name).optional(),
  drop: z.array(name).optional(),
  times: z.record(name, z.number()).optional(),
  default: z.record(name, value).optional(),
  set: z.record(name, value).optional(),
});

/**
 * A declared change, the same for all events that it is used on. It is carried out in this order:
 * how the bytes are read (`as`; `partial`: also where they do not read to their end), rename, drop,
 * times, default (where a field is absent or empty), set. `a.b` names an entry of a map.
 */
export type Fix = z.infer<typeof fixSchema>;

export function parseFix(from: string, json: unknown): Fix {
  const parsed = fixSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`,
    );
    throw new UserError(`${from} is no fix: ${faults.join('; ')}`);
  }
  if (Object.keys(parsed.data).length === 0)
    throw new UserError(`${from} changes nothing: see \`npx freshet failed fix --help\``);
  return parsed.data;
}

export interface Fixed {
  readonly fields: Fields;
  /** What took effect, by names of fields, without values: fit to be kept. */
  readonly changes: readonly string[];
  /** Whether the event's id was made from its position: a producer's own would be another. */
  readonly idFromPosition: boolean;
}

/** The fields after a fix. Pure: the same record and fix give the same event at any time. */
export function applyFix(before: Fields, fix: Fix, source: Source): Fixed {
  let fields = before;
  const changes: string[] = [];
  let idFromPosition = false;
  if (fix.as !== undefined) changes.push(`read as ${fix.as}`);
  for (const [from, to] of Object.entries(fix.rename ?? {})) {
    const held = get(fields, from);
    if (held === undefined) continue;
    if (!isEmpty(get(fields, to))) throw new FixFault(`rename ${from}: there is a ${to} already`);
    fields = put(without(fields, from), to, held);
    changes.push(`rename ${from} to ${to}`);
  }
  for (const path of fix.drop ?? []) {
    if (get(fields, path) === undefined) continue;
    fields = without(fields, path);
    changes.push(`drop ${path}`);
  }
  for (const [path, factor] of Object.entries(fix.times ?? {})) {
    const held = get(fields, path);
    if (isEmpty(held)) continue;
    const product = Number(held) * factor;
    if (!Number.isFinite(product)) throw new FixFault(`times ${path}: is no number`);
    fields = put(fields, path, product);
    changes.push(`times ${path}`);
  }
  const give = (how: 'default' | 'set', [path, given]: readonly [string, unknown]): void => {
    fields = put(fields, path, said(given, path, source));
    changes.push(`${how} ${path}`);
    if (path === 'event_id') idFromPosition = given === '@position';
  };
  for (const [path, given] of Object.entries(fix.default ?? {}))
    if (isEmpty(get(fields, path))) give('default', [path, given]);
  for (const entry of Object.entries(fix.set ?? {})) give('set', entry);
  return { fields, changes, idFromPosition };
}

const isEmpty = (held: unknown): boolean => held === undefined || held === null || held === '';

function said(given: unknown, path: string, source: Source): unknown {
  if (typeof given !== 'string' || !given.startsWith('@')) return given;
  if (given.startsWith('@@')) return given.slice(1);
  if (given === '@appended_at') return source.appendedAtMs;
  if (given === '@position') return source.positionId;
  const found = given === '@key' ? source.key : source.header(given.slice(headerWord.length));
  if (found === null) throw new FixFault(`${path}: the record has no ${given.slice(1)}`);
  return found;
}

/** The field, and the entry of its map. */
export const stepsOf = (path: string): [string, string | null] => {
  const dot = path.indexOf('.');
  return dot < 1 ? [path, null] : [path.slice(0, dot), path.slice(dot + 1)];
};

const mapOf = (held: unknown): Fields =>
  typeof held === 'object' && held !== null && !Array.isArray(held) ? (held as Fields) : {};

const own = (fields: Fields, key: string): unknown =>
  Object.hasOwn(fields, key) ? fields[key] : undefined;

function get(fields: Fields, path: string): unknown {
  const [first, rest] = stepsOf(path);
  const held = own(fields, first);
  return rest === null ? held : own(mapOf(held), rest);
}

/** By entries and not by assignment: `__proto__` is a name like any other. */
const withEntry = (fields: Fields, key: string, held: unknown): Fields =>
  Object.fromEntries([...Object.entries(fields).filter(([one]) => one !== key), [key, held]]);

function put(fields: Fields, path: string, held: unknown): Fields {
  const [first, rest] = stepsOf(path);
  if (rest === null) return withEntry(fields, first, held);
  return withEntry(fields, first, withEntry(mapOf(own(fields, first)), rest, held));
}

function without(fields: Fields, path: string): Fields {
  const [first, rest] = stepsOf(path);
  const left = (from: Fields, key: string): Fields =>
    Object.fromEntries(Object.entries(from).filter(([one]) => one !== key));
  if (rest === null) return left(fields, first);
  return withEntry(fields, first, left(mapOf(own(fields, first)), rest));
}

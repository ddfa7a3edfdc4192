import { isoTime } from '../data/fields.ts';
import { type Fields, type Fix, FixFault, stepsOf } from './fix.ts';

interface NamedType {
  readonly type: string;
  readonly logicalType?: string;
}

type AvroType = string | readonly AvroType[] | NamedType;

interface RecordSchema {
  readonly fields: readonly {
    readonly name: string;
    readonly type: AvroType;
    readonly default?: unknown;
  }[];
}

/**
 * A value of a topic's schema from fields of any shape: what the schema does not name is left out,
 * what is missing gets its default. Numbers and times that came as text, and ids that came as
 * numbers, are taken for what they are meant; everything else is for the schema and for ingest to judge.
 */
export function conform(fields: Fields, schema: object): Fields {
  const wanted = (schema as RecordSchema).fields;
  return Object.fromEntries(
    wanted.map((field) => {
      const held = Object.hasOwn(fields, field.name) ? fields[field.name] : undefined;
      if (held !== undefined) return [field.name, meant(held, field.type)];
      if (!('default' in field)) throw new FixFault(`${field.name}: is missing`);
      return [field.name, field.default];
    }),
  );
}

/** What a fix gives to a field that its events have not would be left out without a word. */
export function refuseStrangers(
  { rename = {}, drop = [], default: defaults = {}, set = {} }: Fix,
  schema: object,
): void {
  const names = (schema as RecordSchema).fields.map(({ name }) => name);
  const renames = Object.entries(rename);
  // Not what a later change takes on, or away.
  const renamed = renames
    .map(([, to]) => to)
    .filter((to, at) => !drop.includes(to) && renames.slice(at + 1).every(([from]) => from !== to));
  const given = [...renamed, ...Object.keys(defaults), ...Object.keys(set)];
  const stranger = given.find((path) => !names.includes(stepsOf(path)[0]));
  if (stranger === undefined) return;
  const there = names.join(', ');
  throw new FixFault(`${stranger}: these events have no such field (there are ${there})`);
}

function meant(held: unknown, type: AvroType): unknown {
  if (Array.isArray(type)) {
    if (held === null) return null;
    const [branch = 'null'] = (type as readonly AvroType[]).filter((one) => one !== 'null');
    return meant(held, branch);
  }
  const { type: plain, logicalType } =
    typeof type === 'string' ? { type, logicalType: undefined } : (type as NamedType);
  if (plain === 'string') return Number.isSafeInteger(held) ? String(held) : held;
  const isNumber = ['int', 'long', 'float', 'double'].includes(plain);
  if (!isNumber || typeof held !== 'string' || held.trim() === '') return held;
  const isTime = logicalType === 'timestamp-millis' && isoTime.test(held);
  const number = isTime ? Date.parse(held) : Number(held);
  return Number.isNaN(number) ? held : number;
}

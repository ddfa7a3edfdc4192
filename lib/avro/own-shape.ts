import type { Type } from 'avsc';
import { parseSchema, schemaCharsMax } from './reader.ts';
import { endOf, UnsafeSchemaError, type WalkFault } from './walk.ts';

/** What could be read of a record's value, field by field and in its writer's own names. */
export interface OwnShape {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Null: all of it. Else where the reading ended; `field` is null past the last one. */
  readonly fault: { readonly field: string | null; readonly reason: OwnShapeFault } | null;
}

export type OwnShapeFault = WalkFault | 'trailing_bytes';

export type OwnShapeReader =
  | {
      readonly kind: 'ready';
      /** Never throws; `at` is where the value begins. */
      readonly read: (bytes: Buffer, at: number) => OwnShape;
    }
  | { readonly kind: 'refused'; readonly detail: string };

interface FieldShape {
  readonly name: string;
  readonly type: Type;
}

const refused = (detail: string): OwnShapeReader => ({ kind: 'refused', detail });

/**
 * Reads with the schema that a value was written with and no other: for people who want to see what
 * is in a value that nobody could use. Services read by TopicDecoder.
 */
export function openOwnShape(schemaText: string): OwnShapeReader {
  if (schemaText.length > schemaCharsMax)
    return refused(`the schema has more than ${schemaCharsMax} characters`);
  try {
    const type = parseSchema(JSON.parse(schemaText));
    const { fields } = type as unknown as { readonly fields?: readonly FieldShape[] };
    if (fields === undefined) return refused('the schema is no record');
    // Of the whole first: its parts alone may look harmless.
    endOf(type);
    const parts = fields.map(({ name, type: own }) => ({ name, type: own, end: endOf(own) }));
    return { kind: 'ready', read: (bytes, at) => readParts(parts, bytes, at) };
  } catch (error) {
    const isUnsafe = error instanceof UnsafeSchemaError;
    return refused(isUnsafe ? `not admitted: ${error.message}` : 'the schema does not parse');
  }
}

interface Part extends FieldShape {
  readonly end: ReturnType<typeof endOf>;
}

function readParts(parts: readonly Part[], bytes: Buffer, start: number): OwnShape {
  const fields: [string, unknown][] = [];
  const ended = (field: string | null, reason: OwnShapeFault | null): OwnShape => ({
    fields: Object.fromEntries(fields),
    fault: reason === null ? null : { field, reason },
  });
  let at = start;
  for (const { name, type, end } of parts) {
    const next = end(bytes, at);
    if (typeof next === 'string') return ended(name, next);
    try {
      fields.push([name, plain(type.decode(bytes, at).value)]);
    } catch {
      return ended(name, 'undecodable');
    }
    at = next;
  }
  return ended(null, at === bytes.length ? null : 'trailing_bytes');
}

/** Without the library's classes; bytes stay bytes. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

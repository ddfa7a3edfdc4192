import avsc, { type Type } from 'avsc';
import { UnsafeSchemaError, walkOf } from './walk.ts';

/** How records of one writer schema are read as one reader's type. */
export type Reader =
  | {
      readonly kind: 'ready';
      /** Decodes the bytes after the header; null and a reason where they are not a value. */
      readonly fault: ReturnType<typeof walkOf>;
      readonly read: (bytes: Buffer) => unknown;
    }
  | { readonly kind: 'refused'; readonly reason: 'unsafe_schema'; readonly detail: string };

/** A schema longer than this is not compiled. */
export const schemaCharsMax = 256 * 1024;
/** Magic byte and schema id. */
export const headerBytes = 5;

/**
 * Unions are pinned: by default their JavaScript form depends on the branches, so that adding one
 * changes what readers see.
 */
export const parseSchema = (schema: unknown): Type =>
  avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: 'never', omitRecordMethods: true });

export function openReader(writerText: string, reader: Type): Reader {
  const refused = (detail: string): Reader => ({
    kind: 'refused',
    reason: 'unsafe_schema',
    detail,
  });
  if (writerText.length > schemaCharsMax) {
    return refused(`the schema has more than ${schemaCharsMax} characters`);
  }
  let writer: Type;
  try {
    writer = parseSchema(JSON.parse(writerText));
  } catch {
    return refused('the schema does not parse');
  }
  try {
    const fault = walkOf(writer);
    // Equal ones are read directly: resolving costs half as much again.
    const resolver = reader.equals(writer) ? undefined : reader.createResolver(writer);
    return {
      kind: 'ready',
      fault,
      read: (bytes) => reader.decode(bytes, headerBytes, resolver).value,
    };
  } catch (error) {
    if (error instanceof UnsafeSchemaError) return refused(`not admitted: ${error.message}`);
    return refused('the schema does not resolve to the one that is read with');
  }
}

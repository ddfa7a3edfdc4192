// Generated from schemas/avro/definition.avsc by `npm run generate`. Do not edit.

/**
 * A version of a context or a model: immutable content, named by its hash. Keep the highest
 * revision per key.
 */
export interface Definition {
  readonly name: string;
  /** name@ and the first 12 hex of the SHA-256 of the canonical content. */
  readonly version: string;
  /** Rises by one with every publication of this key. */
  readonly revision: number;
  /** Canonical JSON. */
  readonly content: string;
}

/** The schema as it is registered. */
export const definitionSchema = {
  type: 'record',
  name: 'Definition',
  namespace: 'freshet',
  doc: 'A version of a context or a model: immutable content, named by its hash. Keep the highest revision per key.',
  fields: [
    { name: 'name', type: 'string' },
    {
      name: 'version',
      type: 'string',
      doc: 'name@ and the first 12 hex of the SHA-256 of the canonical content.',
    },
    { name: 'revision', type: 'long', doc: 'Rises by one with every publication of this key.' },
    { name: 'content', type: 'string', doc: 'Canonical JSON.' },
  ],
} as const;

// Generated from schemas/avro/external-candidates.avsc by `npm run generate`. Do not edit.

export interface ExternalCandidate {
  /** 1 to 128 bytes of UTF-8. */
  readonly item_id: string;
  /** Higher is better; finite. */
  readonly score: number;
}

export interface ForgottenBy {
  readonly lineage: string;
  /** Partition of user-events. */
  readonly source_partition: number;
  readonly source_offset: number;
}

/**
 * What a process outside proposes for a user, as a whole: the newest list per source and
 * user counts.
 */
export interface ExternalCandidates {
  /** Who proposes; what a model of kind external names. 1 to 64 bytes. */
  readonly source: string;
  /** 1 to 128 bytes of UTF-8. */
  readonly user_id: string;
  /** In any order; the best 200 are kept. None: the source has nothing to propose any more. */
  readonly items: readonly ExternalCandidate[];
  /** Milliseconds since 1970, UTC. Of two lists the later one counts. */
  readonly computed_at: number;
  /** Null for every list. Else ingest says by which event all lists of the user are to go. */
  readonly forgotten: null | ForgottenBy;
}

/** The schema as it is registered. */
export const externalCandidatesSchema = {
  type: 'record',
  name: 'ExternalCandidates',
  namespace: 'freshet',
  doc: 'What a process outside proposes for a user, as a whole: the newest list per source and user counts.',
  fields: [
    {
      name: 'source',
      type: 'string',
      doc: 'Who proposes; what a model of kind external names. 1 to 64 bytes.',
    },
    { name: 'user_id', type: 'string', doc: '1 to 128 bytes of UTF-8.' },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'ExternalCandidate',
          fields: [
            { name: 'item_id', type: 'string', doc: '1 to 128 bytes of UTF-8.' },
            { name: 'score', type: 'double', doc: 'Higher is better; finite.' },
          ],
        },
      },
      doc: 'In any order; the best 200 are kept. None: the source has nothing to propose any more.',
    },
    {
      name: 'computed_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'Milliseconds since 1970, UTC. Of two lists the later one counts.',
    },
    {
      name: 'forgotten',
      type: [
        'null',
        {
          type: 'record',
          name: 'ForgottenBy',
          fields: [
            { name: 'lineage', type: 'string' },
            { name: 'source_partition', type: 'int', doc: 'Partition of user-events.' },
            { name: 'source_offset', type: 'long' },
          ],
        },
      ],
      default: null,
      doc: 'Null for every list. Else ingest says by which event all lists of the user are to go.',
    },
  ],
} as const;

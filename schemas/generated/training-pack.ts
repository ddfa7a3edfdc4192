// Generated from schemas/avro/training-pack.avsc by `npm run generate`. Do not edit.

export interface TrainingExample {
  /** The interaction that closed it. */
  readonly offset: number;
  /** Name of the weights that learn from it. */
  readonly weights: string;
  /** Kind of model, which knows the layout of the example. */
  readonly kind: string;
  readonly example: Buffer;
}

/**
 * Examples that a run of interactions closed, for one target partition, in ascending order
 * of offset. All examples of one interaction for this partition lie in one pack. The first
 * record per position counts.
 */
export interface TrainingPack {
  /** The identity of candidates, which emitted this. */
  readonly lineage: string;
  /** Partition of interactions. */
  readonly source_partition: number;
  /** Offset of the first interaction with an example in this pack. */
  readonly first_offset: number;
  readonly last_offset: number;
  readonly examples: readonly TrainingExample[];
}

/** The schema as it is registered. */
export const trainingPackSchema = {
  type: 'record',
  name: 'TrainingPack',
  namespace: 'freshet',
  doc: 'Examples that a run of interactions closed, for one target partition, in ascending order of offset. All examples of one interaction for this partition lie in one pack. The first record per position counts.',
  fields: [
    { name: 'lineage', type: 'string', doc: 'The identity of candidates, which emitted this.' },
    { name: 'source_partition', type: 'int', doc: 'Partition of interactions.' },
    {
      name: 'first_offset',
      type: 'long',
      doc: 'Offset of the first interaction with an example in this pack.',
    },
    { name: 'last_offset', type: 'long' },
    {
      name: 'examples',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'TrainingExample',
          fields: [
            { name: 'offset', type: 'long', doc: 'The interaction that closed it.' },
            { name: 'weights', type: 'string', doc: 'Name of the weights that learn from it.' },
            {
              name: 'kind',
              type: 'string',
              doc: 'Kind of model, which knows the layout of the example.',
            },
            { name: 'example', type: 'bytes' },
          ],
        },
      },
    },
  ],
} as const;

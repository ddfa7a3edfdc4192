// Generated from schemas/avro/signal-pack.avsc by `npm run generate`. Do not edit.

/**
 * Signals of a run of interactions for one target partition, packed. All signals of one
 * interaction for this partition lie in one pack.
 */
export interface SignalPack {
  /** The identity of the signals fold that emitted this. */
  readonly lineage: string;
  /** Partition of interactions. */
  readonly source_partition: number;
  /** Offset of the first interaction with a signal in this pack. */
  readonly first_offset: number;
  readonly last_offset: number;
  /** Layout: schemas/packed/signals.ts. */
  readonly signals: Buffer;
}

/** The schema as it is registered. */
export const signalPackSchema = {
  type: 'record',
  name: 'SignalPack',
  namespace: 'freshet',
  doc: 'Signals of a run of interactions for one target partition, packed. All signals of one interaction for this partition lie in one pack.',
  fields: [
    { name: 'lineage', type: 'string', doc: 'The identity of the signals fold that emitted this.' },
    { name: 'source_partition', type: 'int', doc: 'Partition of interactions.' },
    {
      name: 'first_offset',
      type: 'long',
      doc: 'Offset of the first interaction with a signal in this pack.',
    },
    { name: 'last_offset', type: 'long' },
    { name: 'signals', type: 'bytes', doc: 'Layout: schemas/packed/signals.ts.' },
  ],
} as const;

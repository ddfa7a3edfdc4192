// Generated from schemas/avro/failed-event.avsc by `npm run generate`. Do not edit.

/**
 * A record that a stage could not use. Its id, and the record's key, is
 * stage/topic/partition/offset; a repeated id of one lineage is the same failure.
 */
export interface FailedEvent {
  /** The service that refused the record. */
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** A fixed snake_case word; the list is in README. */
  readonly reason: string;
  /** Which field, and what was expected; never the value. */
  readonly detail: string;
  /** The record's own timestamp. */
  readonly appended_at: number;
  readonly key: null | Buffer;
  /** The raw bytes, as they came. */
  readonly value: null | Buffer;
  readonly headers: Readonly<Record<string, Buffer>>;
  /**
   * Of the generation that refused it: one with other settings may take it. Empty: written
   * before there was this field.
   */
  readonly lineage: string;
}

/** The schema as it is registered. */
export const failedEventSchema = {
  type: 'record',
  name: 'FailedEvent',
  namespace: 'freshet',
  doc: "A record that a stage could not use. Its id, and the record's key, is stage/topic/partition/offset; a repeated id of one lineage is the same failure.",
  fields: [
    { name: 'stage', type: 'string', doc: 'The service that refused the record.' },
    { name: 'topic', type: 'string' },
    { name: 'partition', type: 'int' },
    { name: 'offset', type: 'long' },
    { name: 'reason', type: 'string', doc: 'A fixed snake_case word; the list is in README.' },
    {
      name: 'detail',
      type: 'string',
      default: '',
      doc: 'Which field, and what was expected; never the value.',
    },
    {
      name: 'appended_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "The record's own timestamp.",
    },
    { name: 'key', type: ['null', 'bytes'], default: null },
    { name: 'value', type: ['null', 'bytes'], default: null, doc: 'The raw bytes, as they came.' },
    { name: 'headers', type: { type: 'map', values: 'bytes' }, default: {} },
    {
      name: 'lineage',
      type: 'string',
      default: '',
      doc: 'Of the generation that refused it: one with other settings may take it. Empty: written before there was this field.',
    },
  ],
} as const;

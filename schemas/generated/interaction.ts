// Generated from schemas/avro/interaction.avsc by `npm run generate`. Do not edit.

export interface MergedEvent {
  readonly item_id: string;
  readonly type: string;
  readonly occurred_at: number;
}

/**
 * An accepted event: valid, not a duplicate, in its user's order. Types that begin with
 * freshet. are no acts: freshet.forget says that all before of the user is to go.
 * Deduplicate by (lineage, source_partition, source_offset).
 */
export interface Interaction {
  readonly event_id: string;
  readonly user_id: string;
  readonly item_id: string;
  readonly type: string;
  readonly occurred_at: number;
  readonly context_id: null | string;
  readonly answer_id: null | string;
  readonly session_id: null | string;
  readonly value: null | number;
  readonly attributes: Readonly<Record<string, string>>;
  /** When the broker appended the event to user-events. */
  readonly appended_at: number;
  /** Accepted events of this source partition so far, this one included. */
  readonly event_clock: number;
  /** Of type freshet.merge: what another user did who is this one, oldest first. */
  readonly merged: readonly MergedEvent[];
  /**
   * Of type freshet.merge: who that was, where that user lies in this partition; else a
   * record of type freshet.merged says it there.
   */
  readonly merged_from: null | string;
  /** The identity of the ingest fold that emitted this. */
  readonly lineage: string;
  readonly source_partition: number;
  readonly source_offset: number;
}

/** The schema as it is registered. */
export const interactionSchema = {
  type: 'record',
  name: 'Interaction',
  namespace: 'freshet',
  doc: "An accepted event: valid, not a duplicate, in its user's order. Types that begin with freshet. are no acts: freshet.forget says that all before of the user is to go. Deduplicate by (lineage, source_partition, source_offset).",
  fields: [
    { name: 'event_id', type: 'string' },
    { name: 'user_id', type: 'string' },
    { name: 'item_id', type: 'string' },
    { name: 'type', type: 'string' },
    { name: 'occurred_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'context_id', type: ['null', 'string'], default: null },
    { name: 'answer_id', type: ['null', 'string'], default: null },
    { name: 'session_id', type: ['null', 'string'], default: null },
    { name: 'value', type: ['null', 'double'], default: null },
    { name: 'attributes', type: { type: 'map', values: 'string' }, default: {} },
    {
      name: 'appended_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'When the broker appended the event to user-events.',
    },
    {
      name: 'event_clock',
      type: 'long',
      doc: 'Accepted events of this source partition so far, this one included.',
    },
    {
      name: 'merged',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'MergedEvent',
          fields: [
            { name: 'item_id', type: 'string' },
            { name: 'type', type: 'string' },
            { name: 'occurred_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
          ],
        },
      },
      default: [],
      doc: 'Of type freshet.merge: what another user did who is this one, oldest first.',
    },
    {
      name: 'merged_from',
      type: ['null', 'string'],
      default: null,
      doc: 'Of type freshet.merge: who that was, where that user lies in this partition; else a record of type freshet.merged says it there.',
    },
    { name: 'lineage', type: 'string', doc: 'The identity of the ingest fold that emitted this.' },
    { name: 'source_partition', type: 'int' },
    { name: 'source_offset', type: 'long' },
  ],
} as const;

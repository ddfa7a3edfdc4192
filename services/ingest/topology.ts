import { partitionOf } from '../../lib/kafka/partitioner.ts';
import {
  byteRows,
  type Decoded,
  type Emission,
  type Fold,
  type Input,
} from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { type EventLimits, judgeEvent } from './ingest.ts';
import { type Ring, remember, ringCodec, ringLayout } from './ring.ts';

/** An accepted event; where it came from is added when it is sent. */
export interface Accepted {
  readonly event: UserEvent;
  readonly appendedAtMs: number;
  /** Accepted events of this source partition so far, this one included. */
  readonly clock: number;
}

export interface IngestOptions {
  /** Full name of the topic `user-events`. */
  readonly topic: string;
  readonly decoder: ValueDecoder<UserEvent>;
  readonly limits: EventLimits;
  /** The decoder's limit, where it is not the default: what it refuses is part of the result. */
  readonly valueBytesMax?: number;
  /** Event ids remembered per partition. */
  readonly idsMax: number;
  /** Full name of the topic `interactions`. */
  readonly target: string;
  /** Partitions of the target. */
  readonly partitions: number;
  readonly encode: (interaction: Interaction) => Buffer;
}

/** Events in, interactions out: valid, not a duplicate, in their user's partition. */
export function ingestFold(options: IngestOptions): Fold<UserEvent, Buffer, Accepted, Ring> {
  const { limits, idsMax, partitions, valueBytesMax } = options;
  const size = valueBytesMax === undefined ? {} : { valueBytesMax };
  const { types, ...bounds } = limits;
  return {
    name: 'ingest',
    code: 'i',
    revision: 1,
    layout: ringLayout,
    config: { ...bounds, types: [...types].toSorted(), idsMax, partitions, ...size },
    family: 'source',
    input: userEventsInput(options),
    rows: byteRows,
    shared: ringCodec(idsMax),
    cacheBytesMax: 0,
    emission: interactionsEmission(options),
    horizon: null,
    fold: (_, { input: event }, { shared: ring, record, emit, skip }) => {
      // Only accepted ids are remembered, so that a repaired event is not taken for a duplicate.
      if (remember(ring, event.event_id)) {
        emit({ event, appendedAtMs: record.timestampMs, clock: ring.clock });
      } else {
        skip('duplicate');
      }
      return null;
    },
  };
}

function userEventsInput({ topic, decoder, limits }: IngestOptions): Input<UserEvent> {
  return {
    topic,
    lineage: null,
    prepare: (records) => decoder.prepare(records.map(({ value }) => value)),
    decode: ({ value, timestampMs }): Decoded<UserEvent> => {
      const decoded = decoder.decode(value);
      if (!decoded.ok) {
        const { reason, detail } = decoded;
        return { verdict: { kind: 'reject', reason, detail } };
      }
      const event = decoded.value;
      const verdict = judgeEvent(event, timestampMs, limits);
      if (verdict.kind !== 'accept') return { verdict };
      // All state is the partition's ring: there is no row, so every event has the same key.
      return { verdict, units: [{ input: event, key: '', position: null }] };
    },
  };
}

function interactionsEmission({ target, partitions, encode }: IngestOptions): Emission<Accepted> {
  return {
    topic: target,
    partitions,
    messages: (outs, { lineage, partition }) =>
      outs.map(({ out: { event, appendedAtMs, clock }, offset }) => ({
        topic: target,
        partition: partitionOf(event.user_id, partitions),
        key: event.user_id,
        value: encode({
          event_id: event.event_id,
          user_id: event.user_id,
          item_id: event.item_id,
          type: event.type,
          occurred_at: event.occurred_at,
          context_id: event.context_id,
          answer_id: event.answer_id,
          session_id: event.session_id,
          value: event.value,
          attributes: event.attributes,
          appended_at: appendedAtMs,
          event_clock: clock,
          lineage,
          source_partition: partition,
          source_offset: offset,
        }),
      })),
  };
}

import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { byteRows, type Emission, type Fold, type LogRecord } from '../../lib/stream/topology.ts';
import { exposuresInput } from '../../topics/exposures-input.ts';
import type { Placed, ValueDecoder } from '../../topics/placed-input.ts';
import { positionHeaders } from '../../topics/repartitioned-exposures.ts';

/** A record, as it is, and whose. */
export interface Repartitioned {
  readonly userId: string;
  readonly record: LogRecord;
}

export interface RepartitionOptions {
  /** Full name of the topic `exposures`. */
  readonly topic: string;
  /** What serving names its positions by. */
  readonly lineage: string;
  /** What ingest names its positions there by. */
  readonly beside: string;
  readonly decoder: ValueDecoder<Placed>;
  /** Full name of the topic `repartitioned-exposures`. */
  readonly target: string;
  /** Partitions of the target. */
  readonly partitions: number;
}

/**
 * Exposures in, the same in their user's partition of the set out, each once by its position. What
 * is emitted has the bytes and the time of its record: readers judge by these.
 */
export function repartitionFold(options: RepartitionOptions): Fold<Placed, Buffer, Repartitioned> {
  const { target, partitions } = options;
  return {
    name: 'repartition',
    code: 'r',
    revision: 1,
    layout: 1,
    config: { target, partitions },
    family: 'source',
    input: exposuresInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: emissionOf(options),
    horizon: null,
    fold: (_, { input: { user_id: userId } }, { record, emit }) => {
      emit({ userId, record });
      return null;
    },
  };
}

const emissionOf = ({ target, partitions }: RepartitionOptions): Emission<Repartitioned> => ({
  topic: target,
  partitions,
  messages: (outs) =>
    outs.map(({ out: { userId, record }, offset }) => ({
      topic: target,
      partition: partitionOf(userId, partitions),
      key: userId,
      value: record.value,
      timestampMs: record.timestampMs,
      headers: positionHeaders(record.partition, offset),
    })),
});

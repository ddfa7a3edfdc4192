import { partitionOf } from '../../lib/kafka/partitioner.ts';
import {
  byteRows,
  type Decoded,
  type Fold,
  gone,
  type LogRecord,
} from '../../lib/stream/topology.ts';
import type {
  ExternalCandidates,
  ForgottenBy,
} from '../../schemas/generated/external-candidates.ts';
import {
  externalComputedAtMs,
  externalItemsMax,
  externalLayout,
} from '../../schemas/packed/external-candidates.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';
import { type ExternalLimits, judgeList, keepNewest } from './external.ts';

export interface ExternalOptions {
  /** Full name of the topic `external-candidates`. */
  readonly topic: string;
  /** What ingest names its positions there by. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<ExternalCandidates>;
  readonly limits: ExternalLimits;
  /** Of the topic: users are looked for where the Java client's partitioner puts them. */
  readonly partitions: number;
  /** A list counts as absent so long before the newest one. */
  readonly horizonMs: number;
}

/** Keeps what sources outside propose: the newest list per source, in a row per user. */
export function externalFold(options: ExternalOptions): Fold<ExternalCandidates, Buffer> {
  const { topic, lineage, decoder, limits, horizonMs } = options;
  return {
    name: 'external',
    code: 'x',
    revision: 2,
    layout: externalLayout,
    config: { ...limits, itemsKept: externalItemsMax },
    family: 'user',
    input: {
      topic,
      lineage,
      ...preparedBy(decoder),
      decode: (record) => decode(record, options),
    },
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    horizon: { ms: horizonMs, lastMs: externalComputedAtMs, unitMs: (list) => list.computed_at },
    fold(row, { input }, { newestMs, skip }) {
      if (input.forgotten !== null) return gone;
      const sinceMs = newestMs - horizonMs;
      const next = keepNewest(row, input, { sinceMs, sourcesMax: limits.sourcesMax });
      if (next === null) skip('outdated');
      return next;
    },
  };
}

function decode(
  record: LogRecord,
  { decoder, limits, partitions }: ExternalOptions,
): Decoded<ExternalCandidates> {
  const decoded = decoder.decode(record.value);
  if (!decoded.ok)
    return { verdict: { kind: 'reject', reason: decoded.reason, detail: decoded.detail } };
  const list = decoded.value;
  if (list.forgotten !== null) return forgetting(list, list.forgotten);
  const verdict = judgeList(list, record.timestampMs, limits);
  if (verdict.kind !== 'accept') return { verdict };
  if (partitionOf(list.user_id, partitions) !== record.partition) return { verdict: misplaced };
  return { verdict, units: [{ input: list, key: list.user_id, position: null }] };
}

/** Ingest says it, and has judged the event that it is for. */
const forgetting = (list: ExternalCandidates, by: ForgottenBy): Decoded<ExternalCandidates> => {
  const { lineage, source_partition: partition, source_offset: offset } = by;
  const position = { lineage, partition, offset };
  return { verdict: { kind: 'accept' }, units: [{ input: list, key: list.user_id, position }] };
};

/** Nobody would look for its user there. */
const misplaced = {
  kind: 'reject',
  reason: 'wrong_partition',
  detail: "key: user_id, placed by murmur2 as the Java client does (librdkafka: 'murmur2_random')",
} as const;

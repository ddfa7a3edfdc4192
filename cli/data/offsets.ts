import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';

/** Next offset per partition and input. */
export type Offsets = readonly (readonly number[])[];

export async function offsetsOf(
  redis: Pick<RedisPort, 'mgetMany'>,
  generation: CurrentGeneration,
): Promise<Offsets> {
  const keys = foldKeys(generation);
  const partitions = Array.from({ length: generation.partitions }, (_, partition) => partition);
  const values = await redis.mgetMany(partitions.map((partition) => [keys.header(partition)]));
  return values.map(([bytes]) =>
    bytes === null || bytes === undefined ? [] : parseHeader(bytes).offsets,
  );
}

/** First and next offset of the inputs, per partition and input. */
export async function endsOfInputs(
  admin: Pick<KafkaAdmin, 'topicOffsets'>,
  topics: readonly string[],
): Promise<{ readonly lows: Offsets; readonly highs: Offsets }> {
  const rows = await Promise.all(topics.map((topic) => admin.topicOffsets(topic)));
  const partitions = rows[0]?.map((_, at) => at) ?? [];
  return {
    lows: partitions.map((at) => rows.map((own) => own[at]?.low ?? 0)),
    highs: partitions.map((at) => rows.map((own) => own[at]?.high ?? 0)),
  };
}

/** Records from `from` on that lie before `to`; a partition that holds nothing begins at `lows`. */
export function recordsLeft(from: Offsets, to: Offsets, lows: Offsets): number {
  let left = 0;
  for (const [partition, ends] of to.entries()) {
    for (const [input, end] of ends.entries()) {
      const low = lows[partition]?.[input] ?? 0;
      left += Math.max(0, end - Math.max(low, from[partition]?.[input] ?? 0));
    }
  }
  return left;
}

/** Whether `own` stands past `to` in any partition; what has folded nothing stands at `lows`. */
export const isPast = (own: Offsets, to: Offsets, lows: Offsets): boolean =>
  own.some((offsets, partition) =>
    offsets.some(
      (offset, input) => offset > (to[partition]?.[input] ?? lows[partition]?.[input] ?? 0),
    ),
  );

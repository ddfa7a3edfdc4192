import type { CommonConfig } from '../../lib/config/common.ts';
import { followFrom } from './follow.ts';

export interface Spot {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export const spotName = ({ topic, partition, offset }: Spot): string =>
  `${topic}/${partition}/${offset}`;

/**
 * Timestamps of the records at the given offsets, or of the first one after where compaction or
 * retention removed them. What is not found in time is left out.
 */
export async function recordTimes(
  config: CommonConfig,
  spots: readonly Spot[],
  deadlineMs: number,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  if (spots.length === 0) return times;
  const wanted = new Map<string, number[]>();
  const from = new Map<string, number[]>();
  for (const spot of spots) {
    const lane = `${spot.topic}/${spot.partition}`;
    const offsets = [...new Set([...(wanted.get(lane) ?? []), spot.offset])].toSorted(
      (a, b) => a - b,
    );
    wanted.set(lane, offsets);
    const starts = from.get(spot.topic) ?? [];
    starts[spot.partition] = offsets[0] ?? spot.offset;
    from.set(spot.topic, starts);
  }
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(done.resolve, deadlineMs);
  const following = await followFrom({
    kafka: config.kafka,
    from,
    onFatal: done.reject,
    onRecords: async (records) => {
      const [{ topic, partition } = { topic: '', partition: -1 }] = records;
      const lane = `${topic}/${partition}`;
      const left = wanted.get(lane);
      if (left === undefined) return undefined;
      for (let offset = left[0]; offset !== undefined; offset = left[0]) {
        const at = offset;
        const record = records.find((one) => one.offset >= at);
        if (record === undefined) return at;
        times.set(spotName({ topic, partition, offset: at }), record.timestampMs);
        left.shift();
      }
      wanted.delete(lane);
      if (wanted.size === 0) done.resolve();
      return undefined;
    },
  });
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    await following.stop();
  }
  return times;
}

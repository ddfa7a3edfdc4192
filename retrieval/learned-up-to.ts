import type { RedisPort } from '../lib/redis/redis-port.ts';
import type { Generation } from '../lib/stream/generations.ts';
import { parseHeader } from '../lib/stream/header.ts';
import { byTag } from './tags.ts';

/**
 * The offset below which interactions of a partition may have been learned by these folds, as
 * their marks say. Asked after their rows were read: no row that was read then knows an
 * interaction at or above it. Exact, and without a clock.
 */
export async function learnedUpTo(
  redis: Pick<RedisPort, 'mgetMany'>,
  generations: readonly (Generation | undefined)[],
  partition: number,
): Promise<number> {
  const keys = new Set<string>();
  for (const generation of generations) {
    if (generation === undefined) continue;
    for (let own = 0; own < generation.current.partitions; own += 1)
      keys.add(generation.keys.header(own));
  }
  if (keys.size === 0) return 0;
  let high = -1;
  for (const header of (await redis.mgetMany(byTag(keys))).flat()) {
    if (header === null) continue;
    for (const marks of parseHeader(header).marks) high = Math.max(high, marks[partition] ?? -1);
  }
  return high + 1;
}

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { generationOf } from '../../lib/stream/generations.ts';
import {
  decodePartials,
  type ExperimentPartials,
} from '../../schemas/packed/experiment-partials.ts';

export const experimentsFoldName = 'experiments';

/** Figures as they stand, of every partition that has any; null: the service was never started. */
export async function readPartials(
  redis: Pick<RedisPort, 'getString' | 'mgetMany'>,
  prefix: string,
): Promise<readonly ExperimentPartials[] | null> {
  const current = await readCurrent(redis, prefix, experimentsFoldName);
  if (current === null) return null;
  const groups = generationOf(current)
    .shared()
    .map((key) => [key]);
  const stored = await redis.mgetMany(groups);
  return stored.flatMap(([bytes]) =>
    bytes === null || bytes === undefined ? [] : [decodePartials(bytes)],
  );
}

import type { CommonConfig } from '../../lib/config/common.ts';
import { partitionsText, setOf } from '../../lib/config/topic-set.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { readTopicSets } from '../../lib/stream/topic-sets.ts';

/** Null where the settings name the set of internal topics that is current, or there is only one. */
export async function notCurrentSet(
  redis: Pick<RedisPort, 'getString'>,
  { prefix }: Pick<CommonConfig, 'prefix'>,
): Promise<string | null> {
  const sets = await readTopicSets(redis, prefix);
  if (sets === null || sets.current.set === setOf(prefix)) return null;
  return (
    `set ${setOf(prefix)} of internal topics is not the current one, which has ` +
    `FRESHET_PARTITIONS=${partitionsText(sets.current)}`
  );
}

import type { CommonConfig } from '../../lib/config/common.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';

/** Users with features in Redis: counted where they are, not where they come from. */
export async function countUsers(config: CommonConfig): Promise<number> {
  const redis = await openRedis(config.redis);
  try {
    const current = await readCurrent(redis, config.prefix, 'user-features');
    if (current === null) return 0;
    const keys = new Set<string>();
    for await (const found of redis.scan(`{??}${current.code}${current.id4}*`)) {
      for (const key of found) keys.add(key);
    }
    return keys.size;
  } finally {
    await redis.close();
  }
}

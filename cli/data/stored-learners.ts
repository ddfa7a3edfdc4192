import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { currentKey, readCurrent } from '../../lib/stream/current.ts';

const fold = 'learning:';

/**
 * Names of folds of learning that have state, of those in `among`. Null: of all there are, also where
 * no model that learns so is published any more; for that every key of Redis is looked at.
 */
export async function storedLearners(
  redis: Pick<RedisPort, 'getString' | 'scan'>,
  prefix: string,
  among: ReadonlyMap<string, unknown> | null,
): Promise<string[]> {
  const stored: string[] = [];
  if (among !== null) {
    for (const name of among.keys())
      if ((await readCurrent(redis, prefix, name)) !== null) stored.push(name);
    return stored;
  }
  const start = currentKey(prefix, fold);
  for await (const page of redis.scan(`${start}*`))
    for (const key of page) stored.push(fold + key.slice(start.length));
  return stored;
}

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { installationOf } from '../../lib/config/topic-set.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { type ControlState, decodeState, emptyState } from './state.ts';

/** What is published, as committed. Null: no control process was ever started here. */
export const readState = async (
  redis: Pick<RedisPort, 'getString' | 'mget'>,
  prefix: string,
): Promise<ControlState | null> => {
  const current = await readCurrent(redis, installationOf(prefix), 'control');
  if (current === null) return null;
  const [bytes] = await redis.mget([foldKeys(current).shared(0)]);
  return bytes === null || bytes === undefined ? emptyState() : decodeState(bytes);
};

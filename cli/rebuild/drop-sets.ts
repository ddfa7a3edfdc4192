import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { besideCurrent, buildsKey, readBuilds } from '../../lib/stream/builds.ts';
import { currentKey, readCurrent } from '../../lib/stream/current.ts';
import { groupIdOf } from '../../lib/stream/hands.ts';
import {
  beginDropOfSets,
  changeTopicSets,
  endDropOfSet,
  readTopicSets,
  type TopicSet,
} from '../../lib/stream/topic-sets.ts';
import { isOfAllSets } from '../../topics/sets.ts';
import { deleteGroup, deleteKeys, keysOfGeneration } from '../data/generation-keys.ts';
import { namesUnder, serviceOf } from '../data/progress-of-services.ts';
import { configOfSet } from './set-services.ts';
import { topicsOfSet } from './set-topics.ts';

export interface DroppedSet extends TopicSet {
  readonly keys: number;
  readonly topics: readonly string[];
}

/**
 * Deletes state and topics of sets that are not current: those over their time, or `all`. Goes on
 * where it was broken off before.
 */
export async function dropSets({
  config,
  redis,
  all,
}: {
  readonly config: CommonConfig;
  readonly redis: RedisPort;
  readonly all: boolean;
}): Promise<DroppedSet[]> {
  const { prefix } = config;
  const stored = await readTopicSets(redis, prefix);
  if (stored === null) return [];
  const at = { prefix, first: stored.current };
  const nowMs = now();
  const sets = await changeTopicSets(redis, at, (before) =>
    beginDropOfSets(before, { all, nowMs }),
  );
  const dropped: DroppedSet[] = [];
  for (const set of sets?.dropping ?? []) {
    const own = configOfSet(config, set);
    const keys = await dropState(own, redis);
    const topics = await dropTopics(own);
    await changeTopicSets(redis, at, (before) => endDropOfSet(before, set));
    dropped.push({ ...set, keys, topics });
  }
  return dropped;
}

async function dropState(config: CommonConfig, redis: RedisPort): Promise<number> {
  const { prefix } = config;
  const names = new Set([
    ...(await namesUnder(redis, prefix, currentKey)),
    ...(await namesUnder(redis, prefix, buildsKey)),
  ]);
  let count = 0;
  for (const name of names) {
    if (isOfAllSets(serviceOf(name))) continue;
    const beside = besideCurrent(await readBuilds(redis, prefix, name));
    const current = await readCurrent(redis, prefix, name);
    for (const generation of current === null ? beside : [...beside, current]) {
      const keys = [...(await keysOfGeneration(redis, generation))];
      await deleteKeys(redis, keys);
      count += keys.length;
      // Brokers forget an empty group by themselves.
      await deleteGroup(config, groupIdOf(prefix, name, generation)).catch(() => undefined);
    }
    await redis.del(buildsKey(prefix, name));
    await redis.del(currentKey(prefix, name));
  }
  return count;
}

async function dropTopics(config: CommonConfig): Promise<string[]> {
  const admin = await openAdmin(config.kafka);
  try {
    const there = [...(await admin.partitionCounts(topicsOfSet(config.prefix))).keys()];
    if (there.length > 0) await admin.deleteTopics(there);
    return there.toSorted();
  } finally {
    await admin.close();
  }
}

import type { CommonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';

/**
 * Only keys of this very generation: its letter, in both cases, and its id behind a tag. What was
 * failed because its schema was unknown at the time is left out: it stays failed when the log is
 * folded again, as failed-events says already.
 */
export async function keysOfGeneration(
  redis: Pick<RedisPort, 'scan'>,
  generation: CurrentGeneration,
): Promise<Set<string>> {
  const { code, id4 } = generation;
  const keys = new Set<string>();
  const names = foldKeys(generation);
  for (const letter of [code, code.toUpperCase()]) {
    for await (const found of redis.scan(`{??}${letter}${id4}*`)) {
      for (const key of found) keys.add(key);
    }
  }
  for (let p = 0; p < generation.partitions; p += 1) keys.delete(names.decided(p));
  return keys;
}

const atOnceMax = 1_000;

export async function deleteKeys(redis: RedisPort, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += atOnceMax) {
    await Promise.all(keys.slice(at, at + atOnceMax).map((key) => redis.del(key)));
  }
}

/** Somebody still consumes by it. */
export class GroupInUse extends UserError {}

/** Refuses while it has members: then the service still runs. */
export async function deleteGroup(config: CommonConfig, group: string): Promise<void> {
  const admin = kafkaClient(config.kafka).admin();
  await admin.connect();
  try {
    await admin.deleteGroups([group]);
  } catch (error) {
    const [failed] = (error as { groups?: { error?: { type?: string } }[] }).groups ?? [];
    const type = failed?.error?.type;
    if (type === 'GROUP_ID_NOT_FOUND') return;
    if (type === 'NON_EMPTY_GROUP') {
      throw new GroupInUse(`nothing was dropped: ${group} has members, so stop the service first`);
    }
    throw new UserError(`nothing was dropped: the group ${group} stays: ${messageOf(error)}`);
  } finally {
    await admin.disconnect();
  }
}

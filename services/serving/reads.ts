import type { RedisPort } from '../../lib/redis/redis-port.ts';

/** Values by key; null: there is none. */
export type Read = ReadonlyMap<string, Buffer | null>;

/** A value, and the header of the partition that it lies in. */
export interface KeysAt {
  readonly header: string;
  readonly row: string;
}

const tagOfKey = (key: string): string => key.slice(0, key.indexOf('}') + 1);

/**
 * Reads keys in one round trip per node: one MGET per hash tag, so that a value and the header of
 * its partition are of one moment.
 */
export const readAll = async (
  redis: Pick<RedisPort, 'mgetMany'>,
  keys: Iterable<string>,
): Promise<Read> => {
  const groups = new Map<string, string[]>();
  for (const key of new Set(keys)) {
    const tag = tagOfKey(key);
    const group = groups.get(tag);
    if (group === undefined) groups.set(tag, [key]);
    else group.push(key);
  }
  const lists = [...groups.values()];
  if (lists.length === 0) return new Map();
  const values = await redis.mgetMany(lists);
  return new Map(
    lists.flatMap((list, group) =>
      list.map((key, index): [string, Buffer | null] => [key, values[group]?.[index] ?? null]),
    ),
  );
};

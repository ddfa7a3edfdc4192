import type { RedisPort } from '../redis/redis-port.ts';
import type { Family } from '../redis/tags.ts';

/** The generation of a fold that readers use: what the pointer `current` holds. */
export interface CurrentGeneration {
  readonly name: string;
  readonly hash: string;
  readonly id4: string;
  readonly lineage: string;
  readonly code: string;
  readonly family: Family;
  readonly partitions: number;
  /** After how long a row counts as absent; left out: never. */
  readonly horizonMs?: number;
}

export const currentKey = (prefix: string, name: string): string => `${prefix}:current:${name}`;

export async function readCurrent(
  redis: Pick<RedisPort, 'getString'>,
  prefix: string,
  name: string,
): Promise<CurrentGeneration | null> {
  const text = await redis.getString(currentKey(prefix, name));
  return text === null ? null : (JSON.parse(text) as CurrentGeneration);
}

/**
 * Makes `own` the current generation where there is none yet: the first deployment. Returns the
 * one that is current.
 */
export async function claimCurrent(
  redis: RedisPort,
  prefix: string,
  own: CurrentGeneration,
): Promise<CurrentGeneration> {
  await redis.setIfAbsent(currentKey(prefix, own.name), JSON.stringify(own));
  return (await readCurrent(redis, prefix, own.name)) ?? own;
}

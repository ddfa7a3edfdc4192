import type { CommonConfig } from '../../lib/config/common.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { prefixOfSet, setOf } from '../../lib/config/topic-set.ts';
import { besideCurrent, buildsKey, readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, currentKey, readCurrent } from '../../lib/stream/current.ts';
import { readTopicSets, setsThere } from '../../lib/stream/topic-sets.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';
import { openExampleMark } from '../../schemas/packed/open-examples.ts';
import { isOfAllSets, prefixFor } from '../../topics/sets.ts';
import { currentGenerations, namesUnder } from '../data/progress-of-services.ts';

/** A key that names the user. */
export interface NamedKey {
  readonly key: string;
  readonly bytes: number;
  /** Null: of no generation that is known here. */
  readonly fold: string | null;
  /** Folds go on with the current generation alone. */
  readonly state: 'current' | 'building' | 'kept' | 'kept set' | 'unknown';
}

/** `{aB}` + code + id4. */
const tagLength = 4;
const prefixLength = 9;
const listLength = listPrefix('').length;

/** Folds whose rows are named by something else: items, weights, ids of commands. */
const notByUser: ReadonlySet<string> = new Set(['learning', 'weights', 'control']);

/** Special characters of a glob are taken for what they are. */
export const globOf = (text: string): string => text.replaceAll(/[\\*?[\]^-]/g, '\\$&');

/** Looks through all keys, whoever keeps them. */
export async function keysNaming(
  redis: RedisPort,
  config: Pick<CommonConfig, 'prefix'>,
  userId: string,
): Promise<NamedKey[]> {
  const owners = await ownersOf(redis, config.prefix);
  const found = new Map<string, Omit<NamedKey, 'bytes'>>();
  for await (const page of redis.scan(`{??}?????*${globOf(userId)}`))
    for (const key of page) {
      const owner = owners.get(key.slice(tagLength, prefixLength));
      if (owner !== undefined && notByUser.has(owner.service)) continue;
      if (isNamedBy(key.slice(prefixLength), userId, owner?.service ?? null))
        found.set(key, { key, fold: owner?.fold ?? null, state: owner?.state ?? 'unknown' });
    }
  const keys = [...found.values()];
  const values = await redis.mgetMany(keys.map(({ key }) => [key]));
  return keys.map((one, at) => ({ ...one, bytes: values[at]?.[0]?.length ?? 0 }));
}

/** What stands behind the tag, the letter and the generation. */
export function isNamedBy(rest: string, userId: string, service: string | null): boolean {
  if (rest === userId) return true;
  if (service !== null && service !== 'candidates') return false;
  // A list, or the example beside it; of a generation that nobody knows it may be one.
  const list = rest.startsWith(openExampleMark) ? rest.slice(openExampleMark.length) : rest;
  return list.length > listLength && list.slice(listLength) === userId;
}

interface Owner {
  readonly fold: string;
  readonly service: string;
  readonly state: NamedKey['state'];
}

/** By letter and generation. */
async function ownersOf(redis: RedisPort, prefix: string): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>();
  const put = (generation: CurrentGeneration, state: NamedKey['state']): void => {
    const [service = generation.name] = generation.name.split(':');
    owners.set(generation.code + generation.id4, { fold: generation.name, service, state });
  };
  for (const name of await namesUnder(redis, prefix, buildsKey)) {
    const { building, kept, dropping } = await readBuilds(redis, prefixFor(prefix, name), name);
    for (const generation of [...kept.map((one) => one.generation), ...dropping])
      put(generation, 'kept');
    if (building !== null) put(building.generation, 'building');
  }
  for (const generation of await generationsOfOtherSets(redis, prefix)) put(generation, 'kept set');
  for (const current of await currentGenerations(redis, prefix)) put(current, 'current');
  return owners;
}

/** Nobody folds a set of internal topics that is kept: what it says of users stays until it is dropped. */
async function generationsOfOtherSets(
  redis: RedisPort,
  prefix: string,
): Promise<CurrentGeneration[]> {
  const found: CurrentGeneration[] = [];
  for (const set of setsThere(await readTopicSets(redis, prefix))) {
    if (set === setOf(prefix)) continue;
    const own = prefixOfSet(prefix, set);
    for (const name of await namesUnder(redis, own, currentKey)) {
      const current = isOfAllSets(name) ? null : await readCurrent(redis, own, name);
      if (current !== null) found.push(current);
    }
    for (const name of await namesUnder(redis, own, buildsKey)) {
      if (isOfAllSets(name)) continue;
      found.push(...besideCurrent(await readBuilds(redis, own, name)));
    }
  }
  return found;
}

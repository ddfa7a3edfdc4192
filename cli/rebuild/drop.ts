import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import {
  beginDrop,
  type Builds,
  changeBuilds,
  endDrop,
  readBuilds,
} from '../../lib/stream/builds.ts';
import { type CurrentGeneration, isSame, readCurrent } from '../../lib/stream/current.ts';
import { buildGroupOf } from '../../lib/stream/run-build.ts';
import { prefixFor } from '../../topics/sets.ts';
import { deleteGroup, deleteKeys, GroupInUse, keysOfGeneration } from '../data/generation-keys.ts';
import { keepMsUsual, settle } from './finish.ts';
import { nameOf } from './report.ts';

export interface Dropped {
  readonly fold: string;
  readonly lineage: string;
  readonly build: number;
  readonly keys: number;
}

export interface DropOptions {
  readonly config: CommonConfig;
  readonly redis: RedisPort;
  /** All that is not current; else only what was kept for as long as it was to be. */
  readonly all: boolean;
}

/**
 * Deletes generations of a fold that are not current. Goes on where it was broken off before. One
 * that somebody still builds stays until the next time.
 */
export async function dropGenerations(
  name: string,
  { config, redis, all }: DropOptions,
): Promise<Dropped[]> {
  const prefix = prefixFor(config.prefix, name);
  const at = { prefix, name };
  // Else what was replaced would be in no list.
  await settle({
    hands: { redis },
    name,
    options: { config: { ...config, prefix }, keepMs: keepMsUsual },
  });
  const atMs = now();
  const isToGo = ({ untilMs }: { readonly untilMs: number }): boolean => all || untilMs <= atMs;
  // First the group of what is being built: a command that still builds it refuses here.
  const { building } = await readBuilds(redis, prefix, name);
  if (building !== null && all)
    await deleteGroup(config, buildGroupOf(prefix, building.generation));
  const { dropping }: Builds = await changeBuilds(redis, at, (builds) => beginDrop(builds, isToGo));
  const dropped: Dropped[] = [];
  for (const generation of dropping) {
    if (await isBuiltNow(config, buildGroupOf(prefix, generation))) continue;
    // Somebody switched to it all the same, in the moment in which it was given up.
    const current = await readCurrent(redis, prefix, name);
    const isUsed = current !== null && isSame(current, generation);
    if (!isUsed)
      dropped.push({
        fold: name,
        ...nameOf(generation),
        keys: await deleteGeneration(redis, generation),
      });
    await changeBuilds(redis, at, (builds) => endDrop(builds, generation));
  }
  return dropped;
}

/** One that was given up may be folded for a while by a command that has not heard of it. */
async function isBuiltNow(config: CommonConfig, group: string): Promise<boolean> {
  try {
    await deleteGroup(config, group);
    return false;
  } catch (error) {
    if (error instanceof GroupInUse) return true;
    throw error;
  }
}

async function deleteGeneration(redis: RedisPort, generation: CurrentGeneration): Promise<number> {
  const keys = [...(await keysOfGeneration(redis, generation))];
  await deleteKeys(redis, keys);
  return keys.length;
}

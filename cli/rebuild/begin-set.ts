import { partitionsText, setOf } from '../../lib/config/topic-set.ts';
import { UserError } from '../../lib/errors.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import {
  changeTopicSets,
  planBack,
  planSet,
  type TopicSet,
  type TopicSets,
} from '../../lib/stream/topic-sets.ts';
import type { RebuildOptions } from './rebuild.ts';
import { highestSetOnBrokers } from './set-topics.ts';

export interface WantedSet {
  readonly partitions: number;
  /** A set that is kept, not a new one. */
  readonly back: boolean;
  /** No set up to this one may be begun. */
  readonly above: number;
}

/** Begins the set that is to be filled, or finds the one that was begun. */
export async function beginSet(
  partitions: number,
  redis: RedisPort,
  { config, back }: Pick<RebuildOptions, 'config' | 'back'>,
): Promise<{ readonly current: TopicSet; readonly next: TopicSet }> {
  const { prefix } = config;
  const wanted = { partitions, back, above: await highestSetOnBrokers(config) };
  const first = { set: setOf(prefix), partitions: config.partitions };
  const planned = await changeTopicSets(redis, { prefix, first }, (sets) => planFor(sets, wanted));
  if (planned === null || planned.next === null) throw new Error('no set is being filled');
  return { current: planned.current, next: planned.next };
}

/** Throws where no such set can be begun, and says what could be. */
export function planFor(sets: TopicSets, wanted: WantedSet): TopicSets {
  const { partitions, back } = wanted;
  const { next, kept } = sets;
  if (!back && next === null) refuseSame(sets, partitions);
  const planned = back ? planBack(sets, partitions) : planSet(sets, wanted);
  if (planned !== null) return planned;
  if (next !== null)
    throw new UserError(
      `${named(next)} is being filled: go on with it (\`${commandTo(next, next.back)}\`), or delete ` +
        'it and all that is kept with `npx freshet rebuild --drop --yes`',
    );
  const there = kept.map((one) => `${named(one)} is: \`${commandTo(one, true)}\``);
  throw new UserError(
    there.length === 0
      ? 'no set of internal topics is kept that could be gone back to'
      : `no set with ${partitions} partitions is kept; ${there.join(', ')}`,
  );
}

/** Of two sets with the same count nobody could say which one to go back to. */
function refuseSame({ current, kept }: TopicSets, partitions: number): void {
  if (partitions === current.partitions)
    throw new UserError(
      `internal topics have ${partitions} partitions already (FRESHET_PARTITIONS=` +
        `${partitionsText(current)})`,
    );
  const before = kept.find((one) => one.partitions === partitions);
  if (before === undefined) return;
  throw new UserError(
    `${named(before)} is kept: go back to it with \`${commandTo(before, true)}\`, or delete it ` +
      'first with `npx freshet rebuild --drop --yes`',
  );
}

const named = (one: TopicSet): string =>
  `a set with ${one.partitions} partitions (FRESHET_PARTITIONS=${partitionsText(one)})`;

const commandTo = ({ partitions }: TopicSet, back: boolean): string =>
  `npx freshet rebuild --partitions ${partitions}${back ? ' --back' : ''}`;

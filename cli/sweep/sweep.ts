import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { buildsKey } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, currentKey, readCurrent } from '../../lib/stream/current.ts';
import { redisStore, type StateStore } from '../../lib/stream/store.ts';
import { emptyTally, sweepChunk } from '../../lib/stream/sweep-rows.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { versionsInUse } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { learnersOf } from '../../services/learning/learners.ts';
import { prefixFor } from '../../topics/sets.ts';
import { readDefinitions } from '../data/definitions.ts';
import { namesUnder } from '../data/progress-of-services.ts';
import { dropGenerations } from '../rebuild/drop.ts';
import { sweepableLists } from './lists.ts';
import type { FoldSweep, SweepReport } from './report.ts';
import { foldsWithRows, newestVisitOf, type Sweepable, sweepableRows } from './rows.ts';

export interface SweepOptions {
  readonly config: CommonConfig;
  readonly dryRun: boolean;
}

const keysPerChunk = 500;
/** Keys waiting for their chunk to fill, over all partitions. */
const keysHeldMax = 100_000;
/** `{aB}` + code + id4. */
const prefixLength = 9;
const candidates = 'candidates';

/**
 * Deletes what is kept of users who have stayed away, and of items that nobody visited, for longer
 * than the horizon, and lists that nobody will ask for, while services go on: one SCAN per node, and
 * per chunk of rows one read and one script that compares the header.
 */
export async function sweepAll({ config, dryRun }: SweepOptions): Promise<SweepReport> {
  const redis = await openRedis(config.redis);
  try {
    const knownMs = now();
    const { catalogue, unreadable } = await readDefinitions(config);
    const notes: string[] = [];
    const inUse = versionsOf(catalogue, { unreadable, notes });
    const targets = [
      ...(await targetsOf({ config, redis, inUse, knownMs, notes })),
      ...(await learnedTargets(redis, config, catalogue)),
    ];
    const { folds, learners } = await sweepTargets(redis, targets, { config, dryRun });
    if (!dryRun) notes.push(...(await dropOver({ config, redis })));
    const used = learnersOf(catalogue.modelsInUse(), kinds);
    const unused = inUse === null ? [] : learners.filter((name) => !used.has(name)).toSorted();
    return {
      dry_run: dryRun,
      folds,
      unused_learners: unused.map((name) => ({
        name,
        command: `npx freshet reset ${name} --yes`,
      })),
      notes,
    };
  } finally {
    await redis.close();
  }
}

/** Generations that a rebuild has kept for as long as it was told to. */
async function dropOver(at: {
  readonly config: CommonConfig;
  readonly redis: RedisPort;
}): Promise<string[]> {
  const notes: string[] = [];
  for (const name of await namesUnder(at.redis, at.config.prefix, buildsKey)) {
    for (const { fold, lineage, keys } of await dropGenerations(name, { ...at, all: false }))
      notes.push(
        `${fold}: a generation beside what is current (${lineage}) is over its time: ${keys} keys deleted`,
      );
  }
  return notes;
}

/** Model versions that any context names, readable here or not; null where that is not certain. */
function versionsOf(
  catalogue: Catalogue,
  { unreadable, notes }: { readonly unreadable: readonly string[]; readonly notes: string[] },
): ReadonlySet<string> | null {
  const why =
    unreadable.length > 0
      ? `this release cannot read ${unreadable.join(', ')}`
      : catalogue.contexts.size === 0
        ? 'no context is published'
        : null;
  if (why !== null) {
    notes.push(`what is kept for unused models stays: ${why}`);
    return null;
  }
  const contexts = [...catalogue.contexts.values()].map(({ definition }) => definition);
  return new Set([...versionsInUse(contexts), ...catalogue.modelsInUse().keys()]);
}

interface Sources {
  readonly config: CommonConfig;
  readonly redis: RedisPort;
  readonly inUse: ReadonlySet<string> | null;
  readonly knownMs: number;
  readonly notes: string[];
}

async function targetsOf({ config, redis, inUse, knownMs, notes }: Sources): Promise<Sweepable[]> {
  const store: StateStore = redisStore(redis);
  const found = new Map<string, CurrentGeneration>();
  for (const name of [...foldsWithRows, candidates]) {
    const current = await readCurrent(redis, prefixFor(config.prefix, name), name);
    if (current === null) notes.push(`${name} was never started here`);
    else found.set(name, current);
  }
  const targets: Sweepable[] = [];
  for (const name of foldsWithRows) {
    const current = found.get(name);
    if (current !== undefined) targets.push(...sweepableRows(current, store));
  }
  const [own, features] = [found.get(candidates), found.get('user-features')];
  if (own === undefined || features === undefined) return targets;
  if (own.partitions === features.partitions) {
    return [...targets, ...sweepableLists({ redis, own, features, inUse, knownMs })];
  }
  notes.push('candidates and user-features differ in their partitions: no list was looked at');
  return targets;
}

/** Of every learner that has state and whose definition is still published, in use or not. */
async function learnedTargets(
  redis: RedisPort,
  { prefix }: CommonConfig,
  catalogue: Catalogue,
): Promise<Sweepable[]> {
  const store = redisStore(redis);
  const targets: Sweepable[] = [];
  for (const [name, learner] of learnersOf(catalogue.models, kinds)) {
    const lastMs = newestVisitOf(learner);
    const current = lastMs === null ? null : await readCurrent(redis, prefix, name);
    if (current !== null) targets.push(...sweepableRows(current, store, lastMs));
  }
  return targets;
}

interface Held {
  readonly target: Sweepable;
  readonly tally: FoldSweep;
  keys: Set<string>;
}

async function sweepTargets(
  redis: RedisPort,
  targets: readonly Sweepable[],
  { config, dryRun }: SweepOptions,
): Promise<{ readonly folds: FoldSweep[]; readonly learners: string[] }> {
  const store = redisStore(redis);
  const byFold = new Map<string, FoldSweep>();
  const held = new Map<string, Held>();
  for (const target of targets) {
    const tally = byFold.get(target.fold) ?? { fold: target.fold, ...emptyTally() };
    byFold.set(target.fold, tally);
    held.set(target.prefix, { target, tally, keys: new Set() });
  }
  const flush = async (one: Held): Promise<void> => {
    const { headerKey, look } = one.target;
    const keys = [...one.keys];
    one.keys = new Set();
    if (keys.length > 0) await sweepChunk({ store, headerKey, keys, dryRun, look }, one.tally);
  };
  const pointer = currentKey(config.prefix, 'learning:');
  const learners = new Set<string>();
  let waiting = 0;
  for await (const page of redis.scan('*')) {
    for (const key of page) {
      if (key.startsWith(pointer)) learners.add(key.slice(pointer.length - 'learning:'.length));
      const one = held.get(key.slice(0, prefixLength));
      if (one === undefined) continue;
      one.keys.add(key);
      waiting += 1;
      if (one.keys.size >= keysPerChunk) await flush(one);
    }
    if (waiting < keysHeldMax) continue;
    for (const one of held.values()) await flush(one);
    waiting = 0;
  }
  for (const one of held.values()) await flush(one);
  return { folds: [...byFold.values()], learners: [...learners] };
}

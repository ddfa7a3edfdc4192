import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { redisStore } from '../../lib/stream/store.ts';
import { readTopicSets, type TopicSet } from '../../lib/stream/topic-sets.ts';
import { currentGenerations, type Progress, serviceOf } from '../data/progress-of-services.ts';
import { seenEntries } from '../../schemas/packed/seen-items.ts';
import { describeValue } from '../verify/describe.ts';
import { beginSet } from './begin-set.ts';
import { refuseAbove } from './compare.ts';
import { compareSets } from './compare-sets.ts';
import { keepDecisionsOfSet } from './keep-decisions.ts';
import {
  type LearnersInUse,
  openLearners,
  openReaders,
  type SetReaders,
} from './learners-in-use.ts';
import { patiently } from './patiently.ts';
import type { RebuildOptions } from './rebuild.ts';
import { withShare } from './report.ts';
import { progressOfSet, untilCovered } from './set-progress.ts';
import { type PartitionsReport, rowOf } from './set-report.ts';
import { configOfSet, isFolded, servicesOfSet, SetServices } from './set-services.ts';
import { sizesOfTopics } from './set-sizes.ts';
import { untilOthers } from './set-members.ts';
import { makeTopicsOf } from './set-topics.ts';
import { switchSet } from './switch-set.ts';

const pollMs = 200;
const sayEveryMs = 2_000;
/** Few enough to be folded within moments. */
const levelRecordsMax = 2_000;
const whole = (row: Buffer): Buffer => row;
/** How far back 'seen' reaches for a new user is reckoned from what the partition has folded. */
const comparedFolds = { 'user-features': whole, 'seen-items': seenEntries };

/**
 * Fills another set of internal topics, with other partitions, beside the current one, compares, and
 * switches to it (docs/decisions/0013). With `back` that is one that was current before, and is kept.
 */
export async function rebuildPartitions(
  partitions: number,
  options: RebuildOptions,
): Promise<PartitionsReport> {
  const redis = await openRedis(options.config.redis);
  try {
    const { current, next } = await beginSet(partitions, redis, options);
    const from = configOfSet(options.config, current);
    const to = configOfSet(options.config, next);
    await makeTopicsOf(to);
    const learners = await openLearners(to);
    const inUse = (await currentGenerations(redis, from.prefix))
      .filter(({ name }) => learners.has(name))
      .map(({ name }) => serviceOf(name));
    const services = servicesOfSet(new Set(inUse), next);
    await keepDecisionsOfSet(from, to);
    const readers = await openReaders({ from, to }, learners);
    const running = new SetServices(to, services);
    try {
      const parts = { from, to, services, learners, readers, running, redis, options };
      return await new Filling(parts).run(current, next);
    } finally {
      await running.stop();
      await readers.close();
    }
  } finally {
    await redis.close();
  }
}

const lagOf = (rows: readonly Progress[], services: readonly string[]): number =>
  progressOfSet(rows, services, new Map()).lag;

const isNear = (next: readonly Progress[], services: readonly string[]): boolean =>
  lagOf(next, services.filter(isFolded)) <= levelRecordsMax;

/** Not many more records before its lists than before those of the current set. */
function hasLists(
  current: readonly Progress[],
  next: readonly Progress[],
  services: readonly string[],
): boolean {
  const made = services.filter((service) => !isFolded(service));
  return lagOf(next, made) <= lagOf(current, made) + levelRecordsMax;
}

interface FillingParts {
  readonly from: CommonConfig;
  readonly to: CommonConfig;
  readonly services: readonly string[];
  readonly learners: LearnersInUse;
  readonly readers: SetReaders;
  readonly running: SetServices;
  readonly redis: RedisPort;
  readonly options: RebuildOptions;
}

/** A set that is being filled, from its first record to the switch. */
class Filling {
  readonly #parts: FillingParts;
  #sizes: ReadonlyMap<string, number> = new Map();
  #saidMs = -Infinity;
  #first: number | null = null;
  #records = 0;
  /** When nothing was folded yet, last: until groups have met that says nothing of what is left. */
  #startedMs = monotonicMs();

  constructor(parts: FillingParts) {
    this.#parts = parts;
  }

  async run(current: TopicSet, next: TopicSet): Promise<PartitionsReport> {
    const { from, to, options } = this.#parts;
    this.#sizes = await sizesOfTopics(from, to);
    await this.#untilLevel();
    const [records, seconds] = [this.#records, (monotonicMs() - this.#startedMs) / 1_000];
    const compared = await this.#compare();
    const report = { from: rowOf(from, current), to: rowOf(to, next), records, seconds, compared };
    const open = { ...report, switched: false, switch_ms: null, cut: null, kept_until: null };
    if (!options.switches) return open;
    this.#refuseDifference(compared);
    const { redis, services, learners } = this.#parts;
    const { say, signal } = options;
    const refuseEnd = (): void => this.#refuseEnd();
    await untilOthers(to, { redis, services, learners, say, signal, refuseEnd });
    const switchedMs = await this.#switch(next);
    const sets = await patiently(() => readTopicSets(redis, to.prefix), options);
    const kept = sets?.kept.find(({ set }) => set === current.set);
    return {
      ...report,
      switched: true,
      switch_ms: switchedMs,
      cut: sets?.cut?.offsets ?? null,
      kept_until: kept === undefined ? null : new Date(kept.untilMs).toISOString(),
    };
  }

  async #untilLevel(): Promise<void> {
    const { services, learners, readers, running, options } = this.#parts;
    const { before, after } = readers;
    for (;;) {
      this.#refuseEnd();
      await patiently(() => learners.look(), options);
      const { progress } = await patiently(() => after.read(), options);
      const { left, done, missing } = progressOfSet(progress, services, this.#sizes);
      this.#first ??= done;
      this.#records = done - this.#first;
      if (this.#records === 0) this.#startedMs = monotonicMs();
      const hasBegun = running.begun && !missing.some((service) => learners.needs(service));
      if (hasBegun && isNear(progress, services)) {
        const current = await patiently(() => before.read(), options);
        if (hasLists(current.progress, progress, services)) return;
      }
      this.#say(left);
      await pause(pollMs);
    }
  }

  #say(left: number): void {
    if (monotonicMs() - this.#saidMs < sayEveryMs) return;
    this.#saidMs = monotonicMs();
    const { to, options } = this.#parts;
    const rate = this.#records / Math.max(0.001, (monotonicMs() - this.#startedMs) / 1_000);
    const time = rate > 0 && left > 0 ? `, about ${Math.ceil(left / rate)} s left` : '';
    options.say(
      `${to.partitions} partitions: ${this.#records} records folded, ${left} left${time}`,
    );
  }

  #refuseEnd(): void {
    const { running, options } = this.#parts;
    running.refuseEnd();
    if (options.signal.aborted)
      throw new UserError('broken off; the same command goes on from here');
  }

  async #compare(): Promise<PartitionsReport['compared']> {
    const { from, to, redis, options } = this.#parts;
    const compared: Record<string, ReturnType<typeof withShare>> = {};
    for (const [fold, ownPart] of Object.entries(comparedFolds)) {
      const currentOf = ({ prefix }: CommonConfig): Promise<CurrentGeneration | null> =>
        patiently(() => readCurrent(redis, prefix, fold), options);
      const [before, after] = [await currentOf(from), await currentOf(to)];
      if (before === null || after === null) continue;
      options.say(`${fold}: comparing`);
      const describe = (bytes: Buffer): string => describeValue(fold, bytes, to.types);
      compared[fold] = withShare(
        await patiently(() => compareSets({ redis, before, after, describe, ownPart }), options),
      );
    }
    return compared;
  }

  #refuseDifference(compared: PartitionsReport['compared']): void {
    const { differMax } = this.#parts.options;
    for (const [fold, own] of Object.entries(compared)) refuseAbove(differMax, own, fold);
  }

  #switch(next: TopicSet): Promise<number | null> {
    const { from, services, readers, redis, options } = this.#parts;
    return switchSet({
      redis,
      store: redisStore(redis),
      prefix: from.prefix,
      next,
      keepMs: options.keepMs,
      untilLevel: () => this.#untilLevel(),
      covers: (offsets, deadlineMs) =>
        untilCovered(readers.after, services.filter(isFolded), { offsets, deadlineMs }),
      patience: options,
    });
  }
}

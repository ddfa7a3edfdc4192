import { installationOf, partitionsText, setOf } from '../config/topic-set.ts';
import { SupersededError } from '../errors.ts';
import type { RedisPort } from '../redis/redis-port.ts';
import { replaceText } from './current.ts';

/** A set of internal topics, with the generations that are folded from them. */
export interface TopicSet {
  readonly set: number;
  readonly partitions: number;
}

/** Where one set took over from another, per partition of `user-events`. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  /** All below was folded by the one before; it stands there. */
  readonly offsets: readonly number[];
  readonly atMs: number;
}

/** Which set is in use; nothing is stored before there is a second one. */
export interface TopicSets {
  /** Serving answers from its state. */
  readonly current: TopicSet;
  /** It is filled beside the current one. */
  readonly next: (TopicSet & { readonly back: boolean }) | null;
  /** Those that were current, the newest first. Nobody folds them, until one is `next` again. */
  readonly kept: readonly (TopicSet & { readonly untilMs: number })[];
  /** Whose keys and topics are being deleted: nobody may go on with them. */
  readonly dropping: readonly TopicSet[];
  /** No number is given twice, whatever was dropped. */
  readonly highest: number;
  readonly cut: Cut | null;
  /** Whose switch is closing the partitions of the current set's first fold. */
  readonly closing?: string;
}

export const topicSetsKey = (prefix: string): string => `${installationOf(prefix)}:topic-sets`;

type SetsRedis = Pick<RedisPort, 'getString'>;

export async function readTopicSets(redis: SetsRedis, prefix: string): Promise<TopicSets | null> {
  const text = await redis.getString(topicSetsKey(prefix));
  return text === null ? null : (JSON.parse(text) as TopicSets);
}

/** Writes `next` if what is stored is still `expected`, to the letter. */
export const replaceTopicSets = (
  redis: Pick<RedisPort, 'eval'>,
  prefix: string,
  { expected, next }: { readonly expected: TopicSets | null; readonly next: TopicSets },
): Promise<boolean> =>
  replaceText(redis, topicSetsKey(prefix), {
    expected: expected === null ? null : JSON.stringify(expected),
    next: JSON.stringify(next),
  });

/** Numbers of all sets of which something is stored. */
export const setsThere = (sets: TopicSets | null): number[] =>
  sets === null
    ? []
    : [
        sets.current,
        ...(sets.next === null ? [] : [sets.next]),
        ...sets.kept,
        ...sets.dropping,
      ].map(({ set }) => set);

/** Whether folds of the prefix's set may go on. Where nothing is stored there is one set. */
export const isInUse = (sets: TopicSets | null, prefix: string): boolean =>
  sets === null || [sets.current.set, sets.next?.set].includes(setOf(prefix));

/** Nobody folds a set that is kept: it stands where the next one took over. */
export async function refuseOtherSet(
  redis: SetsRedis,
  prefix: string,
  service: string,
): Promise<TopicSets | null> {
  const sets = await readTopicSets(redis, prefix);
  if (sets === null || isInUse(sets, prefix)) return sets;
  throw new SupersededError(
    `${service}: another set of internal topics is current, with ${sets.current.partitions} ` +
      `partitions. Start the service with FRESHET_PARTITIONS=${partitionsText(sets.current)}`,
  );
}

/** Begins a set, or goes on with the one that was begun. Null: another one is being filled. */
export function planSet(
  sets: TopicSets,
  wanted: { readonly partitions: number; readonly above: number },
): TopicSets | null {
  const { next, highest } = sets;
  if (next !== null) return !next.back && next.partitions === wanted.partitions ? sets : null;
  const set = Math.max(highest, wanted.above) + 1;
  return { ...sets, next: { set, partitions: wanted.partitions, back: false }, highest: set };
}

/**
 * The newest that is kept with so many partitions is filled up, to be current again. Null: there is
 * none, or another is filled.
 */
export function planBack(sets: TopicSets, partitions: number): TopicSets | null {
  const { next, kept } = sets;
  if (next !== null) return next.back && next.partitions === partitions ? sets : null;
  const before = kept.find((one) => one.partitions === partitions);
  if (before === undefined) return null;
  return {
    ...sets,
    next: { set: before.set, partitions, back: true },
    kept: kept.filter((one) => one !== before),
  };
}

/** After the cut. */
export function switched(
  sets: TopicSets,
  { cut, untilMs }: { readonly cut: Omit<Cut, 'from' | 'to'>; readonly untilMs: number },
): TopicSets {
  const { closing: _, ...open } = sets;
  const { current, next } = open;
  if (next === null) return open;
  return {
    ...open,
    current: { set: next.set, partitions: next.partitions },
    next: null,
    kept: [{ ...current, untilMs }, ...open.kept],
    cut: { ...cut, from: current.set, to: next.set },
  };
}

/** Takes out what is to be dropped, before anything of it is: what is left is whole. */
export function beginDropOfSets(
  sets: TopicSets,
  { all, nowMs }: { readonly all: boolean; readonly nowMs: number },
): TopicSets {
  const isOver = ({ untilMs }: { readonly untilMs: number }): boolean => all || untilMs <= nowMs;
  const unfinished = all && sets.next !== null ? [sets.next] : [];
  const gone = [...unfinished, ...sets.kept.filter(isOver)];
  return {
    ...sets,
    next: all ? null : sets.next,
    kept: sets.kept.filter((one) => !isOver(one)),
    dropping: [...sets.dropping, ...gone.map(({ set, partitions }) => ({ set, partitions }))],
  };
}

export const endDropOfSet = (sets: TopicSets, dropped: TopicSet): TopicSets => ({
  ...sets,
  dropping: sets.dropping.filter(({ set }) => set !== dropped.set),
});

const triesMax = 100;

/** Several commands may be at it. `change` returns null to leave all as it is. */
export async function changeTopicSets(
  redis: Pick<RedisPort, 'getString' | 'eval'>,
  { prefix, first }: { readonly prefix: string; readonly first: TopicSet },
  change: (sets: TopicSets) => TopicSets | null,
): Promise<TopicSets | null> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const expected = await readTopicSets(redis, prefix);
    const next = change(expected ?? onlySet(first));
    if (next === null) return null;
    if (await replaceTopicSets(redis, prefix, { expected, next })) return next;
  }
  throw new Error(`${topicSetsKey(prefix)} is written all the time`);
}

const onlySet = (first: TopicSet): TopicSets => ({
  current: first,
  next: null,
  kept: [],
  dropping: [],
  highest: first.set,
  cut: null,
});

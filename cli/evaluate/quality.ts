import { PythonRandom } from './python-random.ts';
import type { Tested } from './replay.ts';
import type { Interval, Quality } from './result.ts';

/** The tests of a run and where everybody's lists had the right item: all quality is in here. */
export class Outcomes {
  readonly user: Int32Array;
  readonly history: Int32Array;
  readonly atMs: Float64Array;
  readonly isRepeat: Uint8Array;
  readonly isCold: Uint8Array;
  /** Per list and test: the place of the next item, from 1; 0: not on the list. */
  readonly ranks: readonly Uint16Array[];
  readonly tests: number;

  constructor(tests: number, lists: number) {
    this.tests = tests;
    this.user = new Int32Array(tests);
    this.history = new Int32Array(tests);
    this.atMs = new Float64Array(tests);
    this.isRepeat = new Uint8Array(tests);
    this.isCold = new Uint8Array(tests);
    this.ranks = Array.from({ length: lists }, () => new Uint16Array(tests));
  }

  note({ test, user, history, atMs, isRepeat, isCold, item, lists }: Tested): void {
    this.user[test] = user;
    this.history[test] = history;
    this.atMs[test] = atMs;
    this.isRepeat[test] = isRepeat ? 1 : 0;
    this.isCold[test] = isCold ? 1 : 0;
    for (const [list, items] of lists.entries())
      (this.ranks[list] as Uint16Array)[test] = items.indexOf(item) + 1;
  }
}

/** Quality over the tests that `keep` keeps. */
export const qualityOf = (
  ranks: Uint16Array,
  ks: readonly number[],
  keep: (test: number) => boolean = () => true,
): Quality => {
  const kept: number[] = [];
  for (let test = 0; test < ranks.length; test++) if (keep(test)) kept.push(ranks[test] as number);
  const tests = kept.length;
  const mean = (of: (rank: number) => number): number | null =>
    tests === 0 ? null : kept.reduce((sum, rank) => sum + of(rank), 0) / tests;
  const at = ks.map((k) => {
    const within = (of: (rank: number) => number) => (rank: number) =>
      rank > 0 && rank <= k ? of(rank) : 0;
    return {
      k,
      hr: mean(within(() => 1)),
      mrr: mean(within((rank) => 1 / rank)),
      ndcg: mean(within((rank) => 1 / Math.log2(1 + rank))),
    };
  });
  return { tests, at };
};

export const historyBounds: readonly (readonly [from: number, to: number | null])[] = [
  [1, 1],
  [2, 2],
  [3, 4],
  [5, 9],
  [10, 19],
  [20, 49],
  [50, null],
];

/** Sums of one list's hits and reciprocal ranks per user: what a bootstrap draws. */
export interface UserSums {
  readonly tests: Float64Array;
  readonly hits: Float64Array;
  readonly reciprocals: Float64Array;
}

export const sumsByUser = (
  { user, tests }: Pick<Outcomes, 'user' | 'tests'>,
  ranks: Uint16Array,
  k: number,
): UserSums => {
  const numbers = new Map<number, number>();
  for (const one of user) if (!numbers.has(one)) numbers.set(one, numbers.size);
  const sums = {
    tests: new Float64Array(numbers.size),
    hits: new Float64Array(numbers.size),
    reciprocals: new Float64Array(numbers.size),
  };
  for (let test = 0; test < tests; test++) {
    const at = numbers.get(user[test] as number) as number;
    const rank = ranks[test] as number;
    sums.tests[at] = (sums.tests[at] as number) + 1;
    if (rank === 0 || rank > k) continue;
    sums.hits[at] = (sums.hits[at] as number) + 1;
    sums.reciprocals[at] = (sums.reciprocals[at] as number) + 1 / rank;
  }
  return sums;
};

const usersMin = 20;

/**
 * A figure over samples of users drawn with replacement, in the order of drawing; null: too few
 * users for it to mean anything. `figure` is given how often each user was drawn.
 */
export const resampled = (
  users: number,
  figure: (times: Uint16Array) => number,
  { samples = 1_000, seed = 42 } = {},
): Float64Array | null => {
  if (users < usersMin) return null;
  const random = new PythonRandom(seed);
  return Float64Array.from({ length: samples }, () => {
    const times = new Uint16Array(users);
    for (let drawn = 0; drawn < users; drawn++) {
      const at = random.below(users);
      times[at] = (times[at] as number) + 1;
    }
    return figure(times);
  });
};

/** The middle 95% of what was drawn again. */
export const middleOf = (figures: Float64Array): Interval => {
  const sorted = figures.toSorted();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number;
  return [at(0.025), at(0.975)];
};

/** Mean per test of what was summed by user. */
export const meanOf = (sums: Float64Array, tests: Float64Array, times: Uint16Array): number => {
  let sum = 0;
  let count = 0;
  for (let user = 0; user < sums.length; user++) {
    sum += (sums[user] as number) * (times[user] as number);
    count += (tests[user] as number) * (times[user] as number);
  }
  return sum / count;
};

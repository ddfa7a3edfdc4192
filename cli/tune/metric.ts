import { meanOf, middleOf, resampled } from '../evaluate/quality.ts';
import type { Interval } from '../evaluate/result.ts';

const gains = {
  hr: () => 1,
  mrr: (rank: number) => 1 / rank,
  ndcg: (rank: number) => 1 / Math.log2(1 + rank),
} as const;

/** What is searched for: its mean over tests, at a length of lists. */
export interface Metric {
  /** As it was asked for: mrr@20. */
  readonly name: string;
  readonly k: number;
  /** Of a rank from 1 to k. */
  readonly gain: (rank: number) => number;
}

/** Null: there is no such metric. */
export const metricOf = (text: string): Metric | null => {
  const [, name = '', length = ''] = /^(hr|mrr|ndcg)@([1-9]\d{0,2})$/.exec(text) ?? [];
  const k = Number(length);
  if (!Object.hasOwn(gains, name) || k > 200) return null;
  return { name: text, k, gain: gains[name as keyof typeof gains] };
};

/** What each test gave, and whose it was. */
export interface Gains {
  readonly user: Int32Array;
  readonly gains: Float64Array;
}

export const meanGain = ({ gains: all }: Gains): number | null =>
  all.length === 0 ? null : all.reduce((sum, gain) => sum + gain, 0) / all.length;

export interface Comparison {
  readonly users: number;
  /** Of the second over the first. */
  readonly gain: number;
  /** 95%; null: too few users. */
  readonly interval: Interval | null;
}

/**
 * The second against the first on the same tests, by drawing users again: all tests of a user go
 * together, for they resemble each other, and each draw compares the two on the same users.
 */
export const compared = (one: Gains, other: Gains, seed: number): Comparison => {
  const numbers = new Map<number, number>();
  for (const user of one.user) if (!numbers.has(user)) numbers.set(user, numbers.size);
  const users = numbers.size;
  const tests = new Float64Array(users);
  const differences = new Float64Array(users);
  for (const [test, user] of one.user.entries()) {
    const at = numbers.get(user) as number;
    tests[at] = (tests[at] as number) + 1;
    const difference = (other.gains[test] as number) - (one.gains[test] as number);
    differences[at] = (differences[at] as number) + difference;
  }
  const figure = (times: Uint16Array): number => meanOf(differences, tests, times);
  const once = new Uint16Array(users).fill(1);
  const drawn = resampled(users, figure, { seed });
  return { users, gain: figure(once), interval: drawn === null ? null : middleOf(drawn) };
};

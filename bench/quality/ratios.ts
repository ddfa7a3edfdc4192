import {
  meanOf,
  middleOf,
  type Outcomes,
  resampled,
  sumsByUser,
} from '../../cli/evaluate/quality.ts';
import type { Interval } from '../../cli/evaluate/result.ts';

export type Metric = 'hr' | 'mrr';

/** One list's figure over another's, and the same over users drawn again: pairs stay together. */
export interface Ratio {
  readonly ratio: number;
  readonly samples: Float64Array | null;
}

export const ratioOf = (
  outcomes: Outcomes,
  given: {
    readonly list: number;
    readonly over: number;
    readonly metric: Metric;
    readonly k: number;
  },
): Ratio => {
  const { list, over, metric, k } = given;
  const [ours, theirs] = [list, over].map((index) =>
    sumsByUser(outcomes, outcomes.ranks[index] as Uint16Array, k),
  ) as [ReturnType<typeof sumsByUser>, ReturnType<typeof sumsByUser>];
  const name = metric === 'hr' ? 'hits' : 'reciprocals';
  const users = ours.tests.length;
  const figure = (times: Uint16Array): number =>
    meanOf(ours[name], ours.tests, times) / meanOf(theirs[name], theirs.tests, times);
  return {
    ratio: figure(new Uint16Array(users).fill(1)),
    samples: resampled(users, figure),
  };
};

export interface Stated {
  readonly value: number;
  /** 95%, paired bootstrap over users; null: too few users. */
  readonly interval: Interval | null;
}

export const stated = ({ ratio, samples }: Ratio): Stated => ({
  value: ratio,
  interval: samples === null ? null : middleOf(samples),
});

/** The least of the ratios of several data sets, or their geometric mean. */
export const overAll = (
  ratios: readonly Ratio[],
  combine: (values: readonly number[]) => number,
): Ratio => {
  const drawn = ratios.flatMap(({ samples }) => samples ?? []);
  return {
    ratio: combine(ratios.map(({ ratio }) => ratio)),
    samples:
      drawn.length < ratios.length || drawn.length === 0
        ? null
        : (drawn[0] as Float64Array).map((_, at) =>
            combine(drawn.map((samples) => samples[at] as number)),
          ),
  };
};

export const least = (values: readonly number[]): number => Math.min(...values);
export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

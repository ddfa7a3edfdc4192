import {
  covarianceOf,
  covariateMeanOf,
  covariateVarianceOf,
  meanOf,
  type Sums,
  varianceOf,
} from './sums.ts';

/**
 * What is estimated of a variant: the mean outcome of a user, less what the time before the
 * experiment explains of it.
 *
 * Deng, Xu, Kohavi, Walker, "Improving the sensitivity of online controlled experiments by
 * utilizing pre-experiment data" (CUPED; WSDM 2013, section 3.2): y - theta (x - mean of x) has the
 * same expectation as y, and its variance is that of y times 1 - correlation^2. Theta is the same
 * for all variants, from the sums within each of them, so that a difference between variants does
 * not go into it.
 */
export interface Estimate {
  readonly users: number;
  readonly mean: number;
  /** Of the mean. */
  readonly variance: number;
}

export interface Estimates {
  /** In the order of the sums given. */
  readonly variants: readonly Estimate[];
  /** 0: nothing was taken off. */
  readonly theta: number;
  /** Of theta times the common mean of x, which all variants' means share. */
  readonly sharedVariance: number;
  /** Of adjusted to plain intervals; 1: nothing gained. */
  readonly widthRatio: number;
}

export const estimatesOf = (variants: readonly Sums[]): Estimates => {
  const total = (of: (sums: Sums) => number): number =>
    variants.reduce((sum, sums) => sum + of(sums), 0);
  const degrees = (sums: Sums): number => Math.max(0, sums.n - 1);
  const xx = total((sums) => degrees(sums) * covariateVarianceOf(sums));
  const xy = total((sums) => degrees(sums) * covarianceOf(sums));
  const yy = total((sums) => degrees(sums) * varianceOf(sums));
  const users = total(({ n }) => n);
  const theta = xx > 0 ? xy / xx : 0;
  const xMean = users === 0 ? 0 : total(({ x }) => x) / users;
  const withinX = users === 0 ? 0 : xx / users;
  return {
    variants: variants.map((sums) => adjusted(sums, theta, xMean)),
    theta,
    sharedVariance: users === 0 ? 0 : (theta * theta * withinX) / users,
    widthRatio: yy > 0 ? Math.sqrt(Math.max(0, 1 - (theta * xy) / yy)) : 1,
  };
};

const adjusted = (sums: Sums, theta: number, xMean: number): Estimate => {
  const variance =
    varianceOf(sums) - 2 * theta * covarianceOf(sums) + theta * theta * covariateVarianceOf(sums);
  return {
    users: sums.n,
    mean: meanOf(sums) - theta * (covariateMeanOf(sums) - xMean),
    variance: sums.n === 0 ? 0 : Math.max(0, variance) / sums.n,
  };
};

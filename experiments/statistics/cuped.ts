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
 *
 * A variant with fewer users than the largest is not taken to vary much less than all users do
 * within their variants: the smaller it is, the less. Of a skewed outcome, a small variant that has
 * met none of the few large ones has a low mean and a low variance at once; believed, that finds
 * differences where there are none (a tenth of the users, log-normal value with a deviation of 2:
 * in 8.6 % of A/A tests, so in none). Between variants of one size the two cancel.
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
  const pooled =
    total((sums) => degrees(sums) * residual(sums, theta)) / Math.max(1, total(degrees));
  const largest = Math.max(...variants.map(({ n }) => n));
  return {
    variants: variants.map((sums) => ({
      users: sums.n,
      mean: meanOf(sums) - theta * (covariateMeanOf(sums) - xMean),
      variance:
        sums.n === 0
          ? 0
          : Math.max(pooled * (1 - sums.n / largest), residual(sums, theta)) / sums.n,
    })),
    theta,
    sharedVariance: users === 0 ? 0 : (theta * theta * withinX) / users,
    widthRatio: yy > 0 ? Math.sqrt(Math.max(0, 1 - (theta * xy) / yy)) : 1,
  };
};

/** What theta times x does not explain of a user's outcome. */
const residual = (sums: Sums, theta: number): number =>
  Math.max(
    0,
    varianceOf(sums) - 2 * theta * covarianceOf(sums) + theta * theta * covariateVarianceOf(sums),
  );

/**
 * What is kept of the users of a variant: sums only, so that the figures of partitions add up, and
 * a user can be forgotten once counted.
 */
export interface Sums {
  /** Users. */
  readonly n: number;
  /** The outcome of a user. */
  readonly y: number;
  readonly yy: number;
  /** The same measure before the user's first exposure (0: none), for CUPED. */
  readonly x: number;
  readonly xx: number;
  readonly xy: number;
}

export const noSums: Sums = { n: 0, y: 0, yy: 0, x: 0, xx: 0, xy: 0 };

export const withUser = (sums: Sums, y: number, x = 0): Sums => ({
  n: sums.n + 1,
  y: sums.y + y,
  yy: sums.yy + y * y,
  x: sums.x + x,
  xx: sums.xx + x * x,
  xy: sums.xy + x * y,
});

export const addSums = (a: Sums, b: Sums): Sums => ({
  n: a.n + b.n,
  y: a.y + b.y,
  yy: a.yy + b.yy,
  x: a.x + b.x,
  xx: a.xx + b.xx,
  xy: a.xy + b.xy,
});

export const meanOf = ({ n, y }: Sums): number => (n === 0 ? 0 : y / n);

/** Unbiased; never below 0, which rounding could make it. */
export const varianceOf = ({ n, y, yy }: Sums): number =>
  n < 2 ? 0 : Math.max(0, (yy - (y * y) / n) / (n - 1));

export const covariateMeanOf = ({ n, x }: Sums): number => (n === 0 ? 0 : x / n);

export const covariateVarianceOf = ({ n, x, xx }: Sums): number =>
  n < 2 ? 0 : Math.max(0, (xx - (x * x) / n) / (n - 1));

export const covarianceOf = ({ n, x, y, xy }: Sums): number =>
  n < 2 ? 0 : (xy - (x * y) / n) / (n - 1);

/**
 * How many users carry a sum, if all of them had carried the same (Kish): for yes or no the number
 * of yes; far fewer than users where few have nearly everything.
 */
export const carriersOf = ({ y, yy }: Sums): number => (yy === 0 ? 0 : (y * y) / yy);

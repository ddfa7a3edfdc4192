import { Boundary, type Tuning } from './boundary.ts';
import { type Estimate, type Estimates, estimatesOf } from './cuped.ts';
import { carriersOf, type Sums } from './sums.ts';

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A variant beside the control. Null: too little is known for an interval that can be believed. */
export interface Comparison {
  /** The difference of the mean outcome per user. */
  readonly absolute: Interval | null;
  /** As a share of the control's mean; null also when that may as well be nothing. */
  readonly relative: Interval | null;
  /** Of there being no difference; times the comparisons that share alpha, so found at alpha. */
  readonly p: number;
  /** The interval leaves out nothing: there is a difference. */
  readonly isFound: boolean;
}

/**
 * No interval before so many users of each variant, and so many who carry its sum. The boundary
 * takes means as normal and their variance as known; before that, where most users have nothing
 * and a few have much, neither is so. `npm run bench -- experiments` shows the bound kept with it.
 */
export const usersMin = 100;
export const carriersMin = 30;

/** How many users' outcomes a mean rests on: of yes or no, those of the rarer. */
export const restsOn = (sums: Sums): number =>
  sums.y === sums.yy ? Math.min(sums.y, sums.n - sums.y) : carriersOf(sums);

export const isEnough = (sums: Sums): boolean => sums.n >= usersMin && restsOn(sums) >= carriersMin;

export interface ComparisonOptions {
  /** Of the experiment: shared by its comparisons with the control (Bonferroni). */
  readonly alpha: number;
  readonly tuning: Tuning;
}

/** Every variant but the first, beside the first. */
export const compare = (
  variants: readonly Sums[],
  { alpha, tuning }: ComparisonOptions,
): readonly Comparison[] => {
  const [control, ...others] = variants;
  if (control === undefined || others.length === 0) return [];
  const comparisons = others.length;
  const boundary = new Boundary(alpha / comparisons, tuning);
  const estimates = estimatesOf(variants);
  return others.map((sums, at) =>
    isEnough(control) && isEnough(sums)
      ? comparisonOf(estimates, at + 1, boundary)
      : { absolute: null, relative: null, p: 1, isFound: false },
  );
};

const comparisonOf = (estimates: Estimates, at: number, boundary: Boundary): Comparison => {
  const { variants, sharedVariance } = estimates;
  const comparisons = variants.length - 1;
  const control = variants[0] ?? nobody;
  const treated = variants[at] ?? nobody;
  const users = control.users + treated.users;
  const difference = treated.mean - control.mean;
  const variance = control.variance + treated.variance;
  if (variance === 0) return { absolute: null, relative: null, p: 1, isFound: false };
  const width = boundary.width(users);
  const half = width * Math.sqrt(variance);
  return {
    absolute: { estimate: difference, low: difference - half, high: difference + half },
    relative: relativeOf({ control, treated, sharedVariance }, width),
    p: Math.min(1, comparisons * boundary.p(users, (difference * difference) / variance)),
    isFound: Math.abs(difference) > half,
  };
};

const nobody: Estimate = { users: 0, mean: 0, variance: 0 };

interface Pair {
  readonly control: Estimate;
  readonly treated: Estimate;
  readonly sharedVariance: number;
}

/**
 * All r with which `treated - (1 + r) control` is within the bound of 0 (Fieller, J. R. Stat. Soc. B
 * 16, 1954): it leaves out 0 exactly when the absolute interval does, and is as valid at any time.
 * The roots of a r^2 - 2 b r + c; without bounds where the control may as well be nothing (a <= 0).
 */
const relativeOf = ({ control, treated, sharedVariance }: Pair, width: number): Interval | null => {
  const squared = width * width;
  const difference = treated.mean - control.mean;
  const a = control.mean ** 2 - squared * (control.variance + sharedVariance);
  if (a <= 0 || control.mean <= 0) return null;
  const b = control.mean * difference + squared * control.variance;
  const c = difference ** 2 - squared * (control.variance + treated.variance);
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return { estimate: difference / control.mean, low: (b - root) / a, high: (b + root) / a };
};

import { Boundary, type Tuning } from './boundary.ts';
import { normalQuantile } from './distributions.ts';
import type { ExperimentDefinition } from '../definition.ts';

/** What users did before: what a plan is made from. */
export interface Baseline {
  /** Of the outcome per user, within the time for outcomes. */
  readonly mean: number;
  readonly variance: number;
}

export interface PlanOptions {
  readonly baseline: Baseline;
  /** The smallest one that should be found. */
  readonly relativeEffect: number;
  readonly alpha: number;
  readonly power: number;
  /** Of control and variant: parts of the two's users. */
  readonly weights?: readonly [number, number];
  /** With the control; they share alpha. */
  readonly comparisons?: number;
}

const halves: readonly [number, number] = [0.5, 0.5];

/** One unit of users' worth: the squared effect in standard errors that a single user brings. */
const signalOf = ({ baseline, relativeEffect, weights = halves }: PlanOptions): number => {
  const [control, variant] = weights;
  const both = control + variant;
  const perUser = baseline.variance * (both / control + both / variant);
  return (relativeEffect * baseline.mean) ** 2 / perUser;
};

/**
 * Users of both variants that a test looked at once, at its end, needs: (z of 1 - alpha/2 + z of
 * power)^2 over the effect's square in standard errors (e.g. van Belle, "Statistical Rules of
 * Thumb", 2nd edition, equation 2.3).
 */
export const usersFixed = (options: PlanOptions): number => {
  const { alpha, power, comparisons = 1 } = options;
  const z = normalQuantile(1 - alpha / comparisons / 2) + normalQuantile(power);
  return Math.ceil((z * z) / signalOf(options));
};

/**
 * Users of both that a test which may be looked at any time needs at most: that the bound is
 * passed at this very number with the stated power. Whoever looks before stops sooner, most often.
 */
export const usersSequential = (options: PlanOptions, tuning?: Tuning): number => {
  const { alpha, power, comparisons = 1 } = options;
  const signal = signalOf(options);
  const more = normalQuantile(power);
  const boundary = tuning === undefined ? null : new Boundary(alpha / comparisons, tuning);
  let users = usersFixed(options);
  // The bound grows with the square root of a logarithm: the steps settle at once.
  for (let step = 0; step < 100; step++) {
    const bound = boundary ?? new Boundary(alpha / comparisons, { users });
    const next = Math.ceil((bound.width(users) + more) ** 2 / signal);
    if (Math.abs(next - users) <= 1) return next;
    users = next;
  }
  return users;
};

/** The smallest relative difference that so many users of both would find, looked at any time. */
export const detectableEffect = (
  {
    baseline,
    alpha,
    power,
    weights = halves,
    comparisons = 1,
  }: Omit<PlanOptions, 'relativeEffect'>,
  users: number,
): number => {
  const one = signalOf({ baseline, relativeEffect: 1, alpha, power, weights });
  const width = new Boundary(alpha / comparisons, { users }).width(users);
  return (width + normalQuantile(power)) / Math.sqrt(users * one);
};

/** Days until so many users were entered: the last of them wait until their time is over. */
export const daysFor = (
  users: number,
  { usersPerDay, withinHours }: { readonly usersPerDay: number; readonly withinHours: number },
): number => (usersPerDay <= 0 ? Infinity : users / usersPerDay + withinHours / 24);

/** A variance ten times the mean's square: between counts of visits and rare purchases. */
const plannedVariance = 10;
const plannedPower = 0.8;

/**
 * Where intervals are to be narrowest. From the definition alone, which cannot change once started:
 * a bound chosen by what was seen would not hold. A baseline other than assumed costs some width.
 */
export const tuningOf = ({
  relativeEffect,
  alpha,
  variants,
}: Pick<ExperimentDefinition, 'relativeEffect' | 'alpha' | 'variants'>): Tuning => ({
  users: Math.min(
    1_000_000,
    Math.max(
      1_000,
      usersFixed({
        baseline: { mean: 1, variance: plannedVariance },
        relativeEffect,
        alpha,
        power: plannedPower,
        comparisons: Math.max(1, variants.length - 1),
      }),
    ),
  ),
});

export interface Plan {
  /** Of all variants. */
  readonly usersFixed: number;
  readonly usersSequential: number;
  /** Null: users per day are not known. */
  readonly daysFixed: number | null;
  readonly daysSequential: number | null;
}

/** Before the start: how many users of all variants, and how long, at the definition's weights. */
export const planOf = (
  definition: ExperimentDefinition,
  baseline: Baseline,
  usersPerDay: number | null,
): Plan => {
  const { alpha, relativeEffect, outcome, variants, traffic } = definition;
  const control = variants[0]?.weight ?? 0.5;
  const comparisons = variants.length - 1;
  const tuning = tuningOf(definition);
  const needed = variants.slice(1).map(({ weight }) => {
    const options: PlanOptions = {
      baseline,
      relativeEffect,
      alpha,
      power: plannedPower,
      weights: [control, weight],
      comparisons,
    };
    const both = control + weight;
    return [usersFixed(options) / both, usersSequential(options, tuning) / both] as const;
  });
  const fixed = Math.ceil(Math.max(...needed.map(([users]) => users)));
  const sequential = Math.ceil(Math.max(...needed.map(([, users]) => users)));
  const rate = usersPerDay === null ? null : usersPerDay * traffic;
  const days = (users: number): number | null =>
    rate === null ? null : daysFor(users, { usersPerDay: rate, withinHours: outcome.withinHours });
  return {
    usersFixed: fixed,
    usersSequential: sequential,
    daysFixed: days(fixed),
    daysSequential: days(sequential),
  };
};

import { compare } from '../../experiments/statistics/comparison.ts';
import { estimatesOf } from '../../experiments/statistics/cuped.ts';
import { normalQuantile } from '../../experiments/statistics/distributions.ts';
import { usersSequential } from '../../experiments/statistics/planning.ts';
import { Arm, meanOfAll, ratio } from './arm.ts';
import { alpha, compareOptions, every } from './looked-at.ts';
import type { Population, Random } from './populations.ts';

export interface PowerOptions {
  readonly population: Population;
  /** Of both variants: what a test looked at once needs for its power. */
  readonly usersFixed: number;
  /** Of the effect that this is planned for, so much is there in truth. */
  readonly effect: number;
  readonly tests: number;
  readonly random: Random;
}

export interface Power {
  /** Looked at once, at the end. */
  readonly fixed: number;
  /** Looked at all the time, up to the same number of users. */
  readonly sequential: number;
  /** The same up to the number that its plan asks for. */
  readonly sequential_at_its_plan: number;
  readonly users_planned_fixed: number;
  readonly users_planned_sequential: number;
  /** Until found, or until the end of the plan. */
  readonly users_mean_sequential: number;
  readonly relative_effect: number;
}

const power = 0.8;

/** The effect that a fixed test of so many users finds with the stated power. */
const effectFor = ({ mean, variance }: Population, users: number): number =>
  ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) * Math.sqrt((4 * variance) / users)) /
  mean;

export const powerOf = (options: PowerOptions): Power => {
  const { population, usersFixed, effect, tests } = options;
  const planned = effectFor(population, usersFixed);
  const usersMost = usersSequential(
    { baseline: population, relativeEffect: planned, alpha, power },
    compareOptions.tuning,
  );
  const lift = planned * effect;
  const runs = Array.from({ length: tests }, () => run({ ...options, lift, usersMost }));
  const foundWithin = (users: number): number =>
    ratio(runs.filter(({ foundAt }) => foundAt !== null && foundAt <= users).length, tests);
  return {
    fixed: ratio(runs.filter(({ isFoundFixed }) => isFoundFixed).length, tests),
    sequential: foundWithin(usersFixed),
    sequential_at_its_plan: foundWithin(usersMost),
    users_planned_fixed: usersFixed,
    users_planned_sequential: usersMost,
    users_mean_sequential: Math.round(meanOfAll(runs.map(({ foundAt }) => foundAt ?? usersMost))),
    relative_effect: Number(lift.toFixed(4)),
  };
};

interface RunOptions extends PowerOptions {
  readonly lift: number;
  readonly usersMost: number;
}

const run = ({ population, usersFixed, usersMost, lift, random }: RunOptions) => {
  const arms = [new Arm(), new Arm()] as const;
  let foundAt: number | null = null;
  let isFoundFixed = false;
  for (let user = 1; user <= usersMost; user++) {
    if (random() < 0.5) arms[1].add(population.draw(random, lift));
    else arms[0].add(population.draw(random, 0));
    if (user === usersFixed) isFoundFixed = isFoundAtEnd(arms);
    if (foundAt !== null || user % every !== 0) continue;
    if (compare(arms, compareOptions)[0]?.isFound === true) foundAt = user;
    if (foundAt !== null && user >= usersFixed) break;
  }
  return { foundAt, isFoundFixed };
};

/** The plain two-sided test of two means, once. */
const isFoundAtEnd = (arms: readonly Arm[]): boolean => {
  const [control, variant] = estimatesOf(arms).variants;
  if (control === undefined || variant === undefined) return false;
  const error = Math.sqrt(control.variance + variant.variance);
  return Math.abs(variant.mean - control.mean) > normalQuantile(1 - alpha / 2) * error;
};

import { compare } from '../../experiments/statistics/comparison.ts';
import { tuningOf } from '../../experiments/statistics/planning.ts';
import { Arm, ratio } from './arm.ts';
import type { Population, Random } from './populations.ts';

export const alpha = 0.05;
/** Looked at after every so many users. */
export const every = 100;

/** As a definition with this smallest effect would have it, whatever the truth is. */
const tuning = tuningOf({
  relativeEffect: 0.1,
  alpha,
  variants: [
    { variant: 'a', model: 'a', weight: 0.5 },
    { variant: 'b', model: 'b', weight: 0.5 },
  ],
});
export const compareOptions = { alpha, tuning };

export interface TestOptions {
  readonly population: Population;
  readonly lift: number;
  readonly users: number;
  readonly random: Random;
  /** Share of users in the variant. */
  readonly weight?: number;
  /** Stops at the first difference found. */
  readonly isStoppedWhenFound?: boolean;
}

export interface Tested {
  /** Users at the first look that found a difference. */
  readonly foundAt: number | null;
  /** Every interval at every look had the truth in it. */
  readonly isCovered: boolean;
  readonly isRelativeCovered: boolean;
  /** Looks at which there was an interval. */
  readonly intervals: number;
}

export const tested = (options: TestOptions): Tested => {
  const { population, lift, users, random, weight = 0.5, isStoppedWhenFound = false } = options;
  const control = new Arm();
  const variant = new Arm();
  const truth = lift * population.mean;
  let foundAt: number | null = null;
  let isCovered = true;
  let isRelativeCovered = true;
  let intervals = 0;
  for (let user = 1; user <= users; user++) {
    if (random() < weight) variant.add(population.draw(random, lift));
    else control.add(population.draw(random, 0));
    if (user % every !== 0) continue;
    const [seen] = compare([control, variant], compareOptions);
    const { absolute = null, relative = null } = seen ?? {};
    if (absolute === null) continue;
    intervals++;
    if (absolute.low > truth || absolute.high < truth) isCovered = false;
    if (relative !== null && (relative.low > lift || relative.high < lift))
      isRelativeCovered = false;
    if (seen?.isFound === true) foundAt ??= user;
    if (foundAt !== null && isStoppedWhenFound) break;
  }
  return { foundAt, isCovered, isRelativeCovered, intervals };
};

/** How often something is ever said to differ where nothing does. */
export const everFoundShare = (tests: number, options: Omit<TestOptions, 'lift'>): number => {
  let found = 0;
  for (let test = 0; test < tests; test++)
    if (tested({ ...options, lift: 0, isStoppedWhenFound: true }).foundAt !== null) found++;
  return ratio(found, tests);
};

export const coverage = (
  tests: number,
  options: TestOptions,
): { readonly absolute: number; readonly relative: number } => {
  let absolute = 0;
  let relative = 0;
  for (let test = 0; test < tests; test++) {
    const { isCovered, isRelativeCovered } = tested(options);
    if (isCovered) absolute++;
    if (isRelativeCovered) relative++;
  }
  return { absolute: ratio(absolute, tests), relative: ratio(relative, tests) };
};

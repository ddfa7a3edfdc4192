import { compare } from '../../experiments/statistics/comparison.ts';
import { Arm, ratio } from './arm.ts';
import { compareOptions, every } from './looked-at.ts';
import { poisson, type Random } from './populations.ts';

/** In users who come: how long an outcome counts, and how long users go on having some. */
const window = 2_000;
const active = 4 * window;
/** Outcomes of a user while active, before the lift. */
const rate = 4;

export interface GrowingOptions {
  readonly users: number;
  readonly lift: number;
  readonly random: Random;
  /** True: entered once, when the window was over. False: at once, and growing ever after. */
  readonly isEnteredOnce: boolean;
}

/**
 * Users whose value goes on growing after they came: is the truth (of the window) covered at all
 * looks, and is a difference ever found?
 */
export const grown = (
  options: GrowingOptions,
): { readonly isCovered: boolean; readonly isFound: boolean } => {
  const { users, lift, random, isEnteredOnce } = options;
  const isVariant = new Uint8Array(users);
  const inWindow = new Uint16Array(users);
  const soFar = new Uint16Array(users);
  const arms = [new Arm(), new Arm()] as const;
  const armOf = (user: number): Arm => arms[isVariant[user] === 1 ? 1 : 0];
  /** Outcomes to come, by the look before which they do. */
  const coming: number[][] = Array.from({ length: Math.ceil(users / every) + 1 }, () => []);
  const truth = (lift * rate * window) / active;
  let isCovered = true;
  let isFound = false;
  for (let user = 0; user < users; user++) {
    isVariant[user] = random() < 0.5 ? 1 : 0;
    const count = poisson(random, rate * (isVariant[user] === 1 ? 1 + lift : 1));
    for (let n = 0; n < count; n++) {
      const after = random() * active;
      if (after < window) inWindow[user] = (inWindow[user] ?? 0) + 1;
      coming[Math.ceil((user + after) / every)]?.push(user);
    }
    if (!isEnteredOnce) armOf(user).add(0);
    else if (user >= window) armOf(user - window).add(inWindow[user - window] ?? 0);
    if ((user + 1) % every !== 0) continue;
    if (!isEnteredOnce)
      for (const one of coming[(user + 1) / every] ?? []) grow(armOf(one), soFar, one);
    const [seen] = compare(arms, compareOptions);
    const { absolute = null, relative = null } = seen ?? {};
    if (relative !== null && (relative.low > lift || relative.high < lift)) isCovered = false;
    // Counted at once, the absolute difference is of no stated time: it has no truth.
    if (isEnteredOnce && absolute !== null && (absolute.low > truth || absolute.high < truth))
      isCovered = false;
    if (seen?.isFound === true) isFound = true;
  }
  return { isCovered, isFound };
};

const grow = (arm: Arm, soFar: Uint16Array, user: number): void => {
  const before = soFar[user] ?? 0;
  soFar[user] = before + 1;
  arm.y += 1;
  arm.yy += 2 * before + 1;
};

export const growingShares = (
  tests: number,
  options: GrowingOptions,
): { readonly covered: number; readonly found: number } => {
  let covered = 0;
  let found = 0;
  for (let test = 0; test < tests; test++) {
    const { isCovered, isFound } = grown(options);
    if (isCovered) covered++;
    if (isFound) found++;
  }
  return { covered: ratio(covered, tests), found: ratio(found, tests) };
};

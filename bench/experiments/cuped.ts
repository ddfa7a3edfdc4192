import { compare } from '../../experiments/statistics/comparison.ts';
import { Arm, meanOfAll, ratio } from './arm.ts';
import { compareOptions, every } from './looked-at.ts';
import { normal, type Random } from './populations.ts';

/** Of a user's outcome with the same before the experiment. */
export const correlation = 0.7;

/** Widths of adjusted over plain intervals, and whether adjusted ones cover the truth at all looks. */
export const cupedFigures = (
  tests: number,
  users: number,
  random: Random,
): { readonly width_ratio: number; readonly coverage: number } => {
  const lift = 0.1;
  const ratios: number[] = [];
  let covered = 0;
  for (let test = 0; test < tests; test++) {
    const arms = [new Arm(), new Arm()] as const;
    let isCovered = true;
    for (let user = 1; user <= users; user++) {
      const before = normal(random);
      const more = correlation * before + Math.sqrt(1 - correlation ** 2) * normal(random);
      const isVariant = random() < 0.5;
      arms[isVariant ? 1 : 0].add(3 + more + (isVariant ? lift : 0), 5 + 2 * before);
      if (user % every !== 0) continue;
      const { absolute = null } = compare(arms, compareOptions)[0] ?? {};
      if (absolute !== null && (absolute.low > lift || absolute.high < lift)) isCovered = false;
    }
    if (isCovered) covered++;
    const plain = arms.map(({ n, y, yy }) => ({ n, y, yy, x: 0, xx: 0, xy: 0 }));
    ratios.push(widthOf(arms) / widthOf(plain));
  }
  return {
    width_ratio: Number(meanOfAll(ratios).toFixed(4)),
    coverage: ratio(covered, tests),
  };
};

const widthOf = (arms: Parameters<typeof compare>[0]): number => {
  const { absolute = null } = compare(arms, compareOptions)[0] ?? {};
  return absolute === null ? NaN : absolute.high - absolute.low;
};

import { expect, test } from 'vitest';

import { addVariants, noFigures, noKind } from './figures.ts';
import {
  addSums,
  carriersOf,
  covarianceOf,
  covariateVarianceOf,
  meanOf,
  noSums,
  type Sums,
  varianceOf,
  withUser,
} from './sums.ts';

const users = [
  [1, 2],
  [0, 1],
  [4, 3],
  [7, 6],
  [0, 0],
] as const;
const sumsOf = (some: readonly (readonly [number, number])[]): Sums =>
  some.reduce((sums, [y, x]) => withUser(sums, y, x), noSums);

test('sums say what the users say', () => {
  const sums = sumsOf(users);
  expect(meanOf(sums)).toBeCloseTo(2.4, 12);
  expect(varianceOf(sums)).toBeCloseTo(9.3, 12);
  expect(covariateVarianceOf(sums)).toBeCloseTo(5.3, 12);
  expect(covarianceOf(sums)).toBeCloseTo(6.8, 12);
  expect(carriersOf(sums)).toBeCloseTo(144 / 66, 12);
  expect(addSums(sumsOf(users.slice(0, 2)), sumsOf(users.slice(2)))).toEqual(sums);
});

test('nothing is counted of nobody', () => {
  expect([meanOf(noSums), varianceOf(noSums), carriersOf(noSums)]).toEqual([0, 0, 0]);
});

test('partitions add up, with kinds and rules that only one of them has', () => {
  const one = {
    ...noFigures('a'),
    exposed: 2,
    kinds: { view: { ...noKind, users: 1, count: 3 } },
    removed: { notSeen: 4 },
  };
  const other = { ...noFigures('a'), exposed: 3, removed: { notSeen: 1, own: 2 }, itemsShown: 7 };
  expect(addVariants(one, other)).toEqual({
    ...noFigures('a'),
    exposed: 5,
    kinds: { view: { ...noKind, users: 1, count: 3 } },
    removed: { notSeen: 5, own: 2 },
    itemsShown: 7,
  });
});

import { expect, test } from 'vitest';

import { randomOf } from '../micro/synthetic.ts';
import { cupedFigures } from './cuped.ts';
import { growingShares } from './growing.ts';
import { coverage, everFoundShare } from './looked-at.ts';
import { extreme, populations } from './populations.ts';

// What the bench says of thousands of tests, held for some hundreds: always the same by their seed.
test.each(populations)(
  'of $name, A/A tests claim nothing and A/B tests the truth',
  (population) => {
    const random = randomOf(7);
    expect(everFoundShare(300, { population, users: 4_000, random })).toBeLessThanOrEqual(0.05);
    const { absolute, relative } = coverage(100, { population, users: 4_000, random, lift: 0.2 });
    expect(absolute).toBeGreaterThanOrEqual(0.95);
    expect(relative).toBeGreaterThanOrEqual(0.95);
  },
);

test('a small variant whose users seem to differ little is not believed to', () => {
  const options = { population: extreme, users: 15_000, random: randomOf(5), weight: 0.1 };
  expect(everFoundShare(150, options)).toBeLessThanOrEqual(0.02);
});

test.each(populations)('$name have the mean and the variance that they say', (population) => {
  const random = randomOf(3);
  const drawn = Array.from({ length: 200_000 }, () => population.draw(random, 0.5));
  const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
  expect(mean / population.mean / 1.5).toBeCloseTo(1, 1);
  const nothing = Array.from({ length: 200_000 }, () => population.draw(random, 0));
  const squares = nothing.reduce((sum, one) => sum + (one - population.mean) ** 2, 0);
  expect(squares / nothing.length / population.variance).toBeGreaterThan(0.8);
  expect(squares / nothing.length / population.variance).toBeLessThan(1.2);
});

test('users who are entered once are counted right though they go on', () => {
  const random = randomOf(11);
  const { covered } = growingShares(100, { users: 6_000, lift: 0.2, random, isEnteredOnce: true });
  expect(covered).toBeGreaterThanOrEqual(0.95);
});

test('what was known before narrows intervals as theory says', () => {
  const { width_ratio, coverage: covered } = cupedFigures(40, 4_000, randomOf(13));
  expect(width_ratio).toBeCloseTo(Math.sqrt(1 - 0.7 ** 2), 2);
  expect(covered).toBeGreaterThanOrEqual(0.95);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Boundary } from './boundary.ts';
import { compare } from './comparison.ts';
import { estimatesOf } from './cuped.ts';
import { noSums, type Sums, varianceOf, withUser } from './sums.ts';

/** Users of whom `ones` said yes. */
const yes = (n: number, ones: number): Sums => ({ ...noSums, n, y: ones, yy: ones });
const options = { alpha: 0.05, tuning: { users: 10_000 } };

test('the absolute interval is the difference and so many standard errors', () => {
  const [one] = compare([yes(5_000, 500), yes(5_000, 600)], options);
  const variance = (0.09 + 0.1056) / 4_999;
  const half = new Boundary(0.05, options.tuning).width(10_000) * Math.sqrt(variance);
  expect(one?.absolute?.estimate).toBeCloseTo(0.02, 12);
  expect(one?.absolute?.low).toBeCloseTo(0.02 - half, 12);
  expect(one?.absolute?.high).toBeCloseTo(0.02 + half, 12);
  expect(one?.p).toBeCloseTo(new Boundary(0.05, options.tuning).p(10_000, 0.0004 / variance), 10);
});

test('both ends of the relative interval are where the bound is met', () => {
  const [one] = compare([yes(5_000, 500), yes(5_000, 600)], options);
  const width = new Boundary(0.05, options.tuning).width(10_000);
  for (const r of [one?.relative?.low ?? NaN, one?.relative?.high ?? NaN]) {
    const off = 0.12 - (1 + r) * 0.1;
    const deviation = Math.sqrt((0.1056 + (1 + r) ** 2 * 0.09) / 4_999);
    expect(Math.abs(off)).toBeCloseTo(width * deviation, 10);
  }
  expect(one?.relative?.estimate).toBeCloseTo(0.2, 12);
});

test('relative and absolute intervals and p agree on whether there is a difference', () => {
  const some = fc.integer({ min: 200, max: 100_000 });
  const share = fc.double({ min: 0.2, max: 0.8, noNaN: true });
  fc.assert(
    fc.property(some, some, share, share, (n, m, a, b) => {
      const [one] = compare([yes(n, Math.round(n * a)), yes(m, Math.round(m * b))], options);
      const { absolute, relative, p, isFound } = one ?? expect.fail();
      expect((absolute?.low ?? 0) > 0 || (absolute?.high ?? 0) < 0).toBe(isFound);
      expect((relative?.low ?? 0) > 0 || (relative?.high ?? 0) < 0).toBe(isFound);
      expect(p <= 0.05).toBe(isFound);
    }),
  );
});

test('comparisons share alpha, so more of them have wider intervals', () => {
  const three = [yes(5_000, 500), yes(5_000, 500), yes(5_000, 500)];
  const [together] = compare(three, options);
  const [alone] = compare(three.slice(0, 2), { ...options, alpha: 0.025 });
  expect(together?.absolute?.high).toBeCloseTo(alone?.absolute?.high ?? NaN, 12);
  const better = [yes(5_000, 500), yes(5_000, 600), yes(5_000, 600), yes(5_000, 600)];
  for (const { p, isFound } of compare(better, options)) expect(p <= 0.05).toBe(isFound);
});

test('there is no interval before it can be believed', () => {
  const none = { absolute: null, relative: null, p: 1, isFound: false };
  for (const poor of [
    yes(99, 50),
    yes(5_000, 29),
    // As few who did not.
    yes(5_000, 4_971),
    // One user with nearly everything.
    withUser(yes(5_000, 500), 1_000_000),
    yes(0, 0),
  ]) {
    expect(compare([yes(5_000, 500), poor], options)).toEqual([none]);
    expect(compare([poor, yes(5_000, 500)], options)).toEqual([none]);
  }
  expect(compare([yes(5_000, 500), yes(100, 30)], options)[0]?.absolute).not.toBeNull();
  expect(compare([], options)).toEqual([]);
});

test('there is no relative interval beside a control that is nothing or less', () => {
  const some: Sums = { ...noSums, n: 200, y: 100, yy: 300 };
  expect(compare([some, some], options)[0]?.relative).not.toBeNull();
  const refunded: Sums = { ...some, y: -100 };
  const [beside] = compare([refunded, some], options);
  expect([beside?.absolute?.estimate, beside?.relative]).toEqual([1, null]);
});

test('what was so before the experiment is taken off', () => {
  // y = 3 x + 1 for the control, + 2 more for the variant, each with a deviation of one half.
  const users = (more: number, xs: readonly number[]): Sums =>
    xs.reduce(
      (sums, x, at) => withUser(sums, 3 * x + 1 + more + (at % 2 === 0 ? 0.5 : -0.5), x),
      noSums,
    );
  const control = users(0, [0, 0, 1, 1, 2, 2, 3, 3]);
  const variant = users(2, [1, 1, 2, 2, 3, 3, 4, 4]);
  const { variants, theta, widthRatio } = estimatesOf([control, variant]);
  expect(theta).toBeCloseTo(3, 12);
  expect((variants[1]?.mean ?? 0) - (variants[0]?.mean ?? 0)).toBeCloseTo(2, 12);
  expect((variants[0]?.variance ?? 0) * 8).toBeCloseTo(2 / 7, 12);
  expect(widthRatio).toBeCloseTo(Math.sqrt(2 / 7 / varianceOf(control)), 12);
});

test('a variant of a tenth of the users is not taken to vary much less than all do', () => {
  const wide: Sums = { ...noSums, n: 9_001, y: 0, yy: 90_000 };
  const narrow: Sums = { ...noSums, n: 1_001, y: 0, yy: 1_000 };
  const { variants } = estimatesOf([wide, narrow]);
  expect(variants[0]?.variance).toBeCloseTo(10 / 9_001, 12);
  const pooled = (9_000 * 10 + 1_000) / 10_000;
  expect(variants[1]?.variance).toBeCloseTo((pooled * (1 - 1_001 / 9_001)) / 1_001, 12);
});

test('without figures from before, nothing is taken off', () => {
  const { variants, theta, widthRatio, sharedVariance } = estimatesOf([yes(10, 4), yes(10, 6)]);
  expect([theta, widthRatio, sharedVariance]).toEqual([0, 1, 0]);
  expect(variants.map(({ mean }) => mean)).toEqual([0.4, 0.6]);
  expect(estimatesOf([noSums, noSums]).variants[0]).toEqual({ users: 0, mean: 0, variance: 0 });
});

import { expect, test } from 'vitest';

import { sampleRatioP } from './sample-ratio.ts';

const counts = (users: readonly number[], weights: readonly number[]) =>
  users.map((one, at) => ({ users: one, weight: weights[at] ?? 0 }));

// The expected: the paper's formula with Python's lgamma.
test.each([
  [[5_000, 5_300], [0.5, 0.5], 0.0626311734],
  [[1_000, 1_100, 2_300], [0.25, 0.25, 0.5], 0.019036583],
  [[50_000, 50_000], [0.5, 0.5], 1],
  [[820, 100, 80], [0.8, 0.1, 0.1], 0.5992278888],
])('%j users by weights %j', (users, weights, p) => {
  expect(sampleRatioP(counts(users, weights))).toBeCloseTo(p, 8);
});

test('weights are shares of whatever they add up to: a stopped variant is left out', () => {
  expect(sampleRatioP(counts([5_000, 5_300], [0.3, 0.3]))).toBeCloseTo(0.0626311734, 8);
});

test('nobody is no mismatch, everybody in one is, and ten millions are reckoned with', () => {
  expect(sampleRatioP(counts([0, 0], [0.5, 0.5]))).toBe(1);
  expect(sampleRatioP(counts([1_000, 0], [0.5, 0.5]))).toBeLessThan(1e-100);
  expect(sampleRatioP(counts([5_000_000, 5_000_000], [0.5, 0.5]))).toBe(1);
  expect(sampleRatioP(counts([5_050_000, 4_950_000], [0.5, 0.5]))).toBeLessThan(1e-100);
  expect(sampleRatioP([])).toBe(1);
});

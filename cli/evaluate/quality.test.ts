import { expect, test } from 'vitest';

import { middleOf, qualityOf, resampled, sumsByUser } from './quality.ts';

const ranks = Uint16Array.of(1, 0, 4, 15);

test('quality at several lengths of lists', () => {
  const { tests, at } = qualityOf(ranks, [20, 10, 1]);
  expect(tests).toBe(4);
  expect(at.map(({ hr }) => hr)).toEqual([0.75, 0.5, 0.25]);
  expect(at[0]?.mrr).toBeCloseTo((1 + 1 / 4 + 1 / 15) / 4, 12);
  expect(at[1]?.mrr).toBeCloseTo((1 + 1 / 4) / 4, 12);
  expect(at[0]?.ndcg).toBeCloseTo((1 + 1 / Math.log2(5) + 1 / 4) / 4, 12);
});

test('quality of no tests is unknown, not 0', () => {
  expect(qualityOf(ranks, [20], () => false)).toEqual({
    tests: 0,
    at: [{ k: 20, hr: null, mrr: null, ndcg: null }],
  });
});

test('a bootstrap draws users, not tests, and the same ones for a seed', () => {
  const user = Int32Array.of(7, 7, 9, 9);
  const sums = sumsByUser({ user, tests: 4 }, ranks, 10);
  expect([...sums.tests]).toEqual([2, 2]);
  expect([...sums.hits]).toEqual([1, 1]);
  const drawn: number[] = [];
  const figure = (times: Uint16Array): number => {
    drawn.push(times.reduce((sum, count) => sum + count, 0));
    return times[0] as number;
  };
  const figures = resampled(30, figure, { samples: 200 });
  expect(new Set(drawn)).toEqual(new Set([30]));
  expect(resampled(30, figure, { samples: 200 })).toEqual(figures);
  const [low, high] = middleOf(figures ?? new Float64Array());
  expect([low, high]).toEqual([0, 3]);
  expect(resampled(3, figure)).toBeNull();
});

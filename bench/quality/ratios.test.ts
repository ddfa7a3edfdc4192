import { expect, test } from 'vitest';

import { Outcomes } from '../../cli/evaluate/quality.ts';
import { geometricMean, least, overAll, ratioOf, stated } from './ratios.ts';

const outcomesOf = (users: number): Outcomes => {
  const outcomes = new Outcomes(2 * users, 2);
  for (let test = 0; test < 2 * users; test++) {
    outcomes.user[test] = test >> 1;
    (outcomes.ranks[0] as Uint16Array)[test] = test % 3;
    (outcomes.ranks[1] as Uint16Array)[test] = test % 3 === 1 ? 1 : 0;
  }
  return outcomes;
};

test('a list that is right twice as often has a ratio of 2, whoever is drawn', () => {
  const outcomes = outcomesOf(300);
  const ratio = ratioOf(outcomes, { list: 0, over: 1, metric: 'hr', k: 20 });
  expect(ratio.ratio).toBe(2);
  const { interval } = stated(ratio);
  expect(interval?.[0]).toBeGreaterThan(1.8);
  expect(interval?.[1]).toBeLessThan(2.2);
  const same = ratioOf(outcomes, { list: 0, over: 0, metric: 'mrr', k: 20 });
  expect(stated(same)).toEqual({ value: 1, interval: [1, 1] });
});

test('several data sets: the least ratio and the geometric mean, with what is known of them', () => {
  const twice = ratioOf(outcomesOf(300), { list: 0, over: 1, metric: 'hr', k: 20 });
  const same = ratioOf(outcomesOf(200), { list: 0, over: 0, metric: 'hr', k: 20 });
  expect(stated(overAll([twice, same], least))).toEqual({ value: 1, interval: [1, 1] });
  const mean = stated(overAll([twice, same], geometricMean));
  expect(mean.value).toBeCloseTo(Math.SQRT2, 12);
  const few = ratioOf(outcomesOf(5), { list: 0, over: 1, metric: 'hr', k: 20 });
  expect(stated(few).interval).toBeNull();
  expect(stated(overAll([twice, few], least)).interval).toBeNull();
});

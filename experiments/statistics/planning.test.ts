import { expect, test } from 'vitest';

import { experimentSchema } from '../definition.ts';
import { Boundary } from './boundary.ts';
import {
  daysFor,
  detectableEffect,
  planOf,
  type PlanOptions,
  tuningOf,
  usersFixed,
  usersSequential,
} from './planning.ts';

const clicks: PlanOptions = {
  baseline: { mean: 0.03, variance: 0.03 * 0.97 },
  relativeEffect: 0.1,
  alpha: 0.05,
  power: 0.8,
};

test('3 % of clicks, a tenth more, 80 % power: 50,757 users of each', () => {
  expect(usersFixed(clicks)).toBe(101_513);
});

test('half the effect needs four times the users, uneven weights and more comparisons need more', () => {
  expect(usersFixed({ ...clicks, relativeEffect: 0.05 })).toBe(406_049);
  const uneven = usersFixed({ ...clicks, weights: [0.9, 0.1] });
  expect(uneven / usersFixed(clicks)).toBeCloseTo((1 / 0.9 + 1 / 0.1) / 4, 4);
  expect(usersFixed({ ...clicks, comparisons: 3 })).toBeGreaterThan(usersFixed(clicks) * 1.3);
});

test('looking at any time costs up to twice and a bit the users', () => {
  const users = usersSequential(clicks);
  expect(users / usersFixed(clicks)).toBeGreaterThan(1.9);
  expect(users / usersFixed(clicks)).toBeLessThan(2.2);
  // At this number the bound is passed with the stated power.
  const deviation = Math.sqrt((4 * clicks.baseline.variance) / users);
  const width = new Boundary(0.05, { users }).width(users);
  expect((0.003 / deviation - width) / 0.8416212).toBeCloseTo(1, 3);
  expect(detectableEffect(clicks, users)).toBeCloseTo(0.1, 4);
});

test('the last users wait until their time is over', () => {
  expect(daysFor(1_000, { usersPerDay: 100, withinHours: 48 })).toBe(12);
  expect(daysFor(1_000, { usersPerDay: 0, withinHours: 48 })).toBe(Infinity);
});

const definition = experimentSchema.parse({
  experiment: 'blends',
  context: 'home',
  variants: [
    { variant: 'a', model: 'blend', weight: 0.5 },
    { variant: 'b', model: 'popular', weight: 0.25 },
    { variant: 'c', model: 'covisits', weight: 0.25 },
  ],
  traffic: 0.5,
  outcome: { kinds: ['click'], withinHours: 24 },
  relativeEffect: 0.1,
});

test('a plan is of all variants, at their weights and the share of users that takes part', () => {
  const plan = planOf(definition, clicks.baseline, 10_000);
  const pair = usersFixed({ ...clicks, weights: [0.5, 0.25], comparisons: 2 });
  expect(plan.usersFixed).toBe(Math.ceil(pair / 0.75));
  expect(plan.daysFixed).toBeCloseTo(plan.usersFixed / 5_000 + 1, 10);
  expect(plan.usersSequential).toBeGreaterThan(plan.usersFixed);
  expect(planOf(definition, clicks.baseline, null)).toMatchObject({
    daysFixed: null,
    daysSequential: null,
  });
});

test('what the bound is narrowest at comes from the definition alone, within limits', () => {
  expect(tuningOf({ ...definition, relativeEffect: 10 })).toEqual({ users: 1_000 });
  expect(tuningOf({ ...definition, relativeEffect: 0.0001 })).toEqual({ users: 1_000_000 });
  expect(tuningOf(definition).users).toBeGreaterThan(30_000);
});

import { expect, test } from 'vitest';

import { simulateOnThreads } from './pool.ts';
import { simulate } from './simulate.ts';

const schedules = 100_000;

test(`${schedules} schedules of crashes, late commands and overlapping owners: no wrong state`, async () => {
  const done = await simulateOnThreads({ seed: 1, schedules, mode: null }, 2);
  expect(done.failed).toBeNull();
  expect(done.schedules).toBe(schedules);
}, 600_000);

test('a seed says everything: the same schedule happens again', async () => {
  const options = { seed: 77, schedules: 20, mode: 'liveness', traced: true } as const;
  const [one, other] = [await simulate(options), await simulate(options)];
  expect(one).toEqual(other);
  expect(one.steps).toBeGreaterThan(1_000);
});

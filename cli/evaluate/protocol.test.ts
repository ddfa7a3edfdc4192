import { expect, test } from 'vitest';

import { EventTableBuilder } from './event-table.ts';
import { planTests } from './protocol.ts';

const table = (() => {
  const builder = new EventTableBuilder();
  const add = (userId: string, atMs: number): void =>
    builder.add({ userId, itemId: `i${atMs}`, type: 'view', atMs });
  add('a', 0);
  add('b', 95);
  add('a', 90);
  add('b', 100);
  add('c', 100);
  add('a', 89);
  return builder.table('small');
})();

test('events are in the order of time, those of one time as they came', () => {
  expect([...table.atMs]).toEqual([0, 89, 90, 95, 100, 100]);
  expect([...table.user].map((user) => table.userIds[user])).toEqual([
    'a',
    'a',
    'a',
    'b',
    'b',
    'c',
  ]);
});

test('tests are what comes from a share of the time span on, of users with a history', () => {
  const plan = planTests(table, { from: { share: 0.9 }, sample: null });
  expect(plan.fromMs).toBe(90);
  expect([...plan.isTest]).toEqual([0, 0, 1, 0, 1, 0]);
  expect([...plan.isAwaited]).toEqual([0, 1, 0, 1, 0, 0]);
  expect([plan.eligible, plan.tests]).toEqual([2, 2]);
});

test('a sample is drawn from them, the same for a seed', () => {
  const choice = { from: { atMs: 0 }, sample: { size: 2, seed: 42 } };
  const plan = planTests(table, choice);
  expect([plan.eligible, plan.tests]).toEqual([3, 2]);
  expect(planTests(table, choice).isTest).toEqual(plan.isTest);
});

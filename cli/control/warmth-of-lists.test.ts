import { expect, test } from 'vitest';

import type { WarmMark } from '../../services/candidates/warm-marks.ts';
import { coldLists, type PartitionOfLists } from './warmth-of-lists.ts';

const version = 'blend@000000000001';
const mark = (of: Partial<WarmMark>): WarmMark => ({
  version,
  scope: ['test@1'],
  days: 30,
  fromMs: 0,
  users: null,
  left: null,
  isDone: false,
  ...of,
});
const at = (...marks: readonly WarmMark[]): PartitionOfLists => ({ isBegun: true, marks, lag: 0 });
const reasons = (partitions: readonly PartitionOfLists[] | null): string[] =>
  coldLists([version], { partitions, experiment: 'test@1', lagMax: 1_000 });
const making = (done: number, rest = ''): string =>
  `${version}: lists of users active of late are being made, ${done} of 2 partitions are done${rest}`;

test('lists are there when every partition says so of this experiment, or of everybody', () => {
  const done = mark({ users: 5_000, left: 0, isDone: true });
  expect(reasons([at(done), at({ ...done, scope: 'all' })])).toEqual([]);
  expect(reasons([at(done), at({ ...done, scope: ['other@1'] })])).toEqual([making(1)]);
  expect(reasons([at(done), at()])).toEqual([making(1)]);
  expect(reasons([at(mark({ users: 5_000, left: 2_000 })), at()])).toEqual([
    making(0, ', about 7,000 users left'),
  ]);
});

test('a partition in which nobody was ever active has nothing to make', () => {
  const done = mark({ isDone: true });
  const empty = { isBegun: false, marks: [], lag: 0 };
  expect(reasons([at(done), empty])).toEqual([]);
  expect(reasons([at(done), { ...empty, lag: 1 }])).toEqual([making(1)]);
});

test('a service that was never started, or is far behind, has made none', () => {
  expect(reasons(null)).toEqual([`${version}: candidates has not been started`]);
  const done = mark({ isDone: true });
  expect(
    reasons([
      { ...at(done), lag: 900 },
      { ...at(done), lag: 200 },
    ]),
  ).toEqual([`${version}: candidates has 1100 records before it`]);
});

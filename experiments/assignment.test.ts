import { expect, test } from 'vitest';

import { bucketOf, buckets, isHeldOut, isInRanges, variantOf } from './assignment.ts';

const halves = [
  { variant: 'a', weight: 0.5 },
  { variant: 'b', weight: 0.5 },
];
const three = [
  { variant: 'a', weight: 0.1 },
  { variant: 'b', weight: 0.2 },
  { variant: 'c', weight: 0.7 },
];

// From Python's hashlib, as experiments/README.md states them.
test.each([
  ['17850', 9861, 2113, 'b', 'c'],
  ['ann', 9331, 9466, 'b', 'c'],
  ['', 2038, 8499, 'a', 'c'],
  ['Zoë', 6838, 1948, 'b', 'c'],
  ['用户-1', 3358, 7844, 'b', 'c'],
])('the user %j is where every language puts it', (user, inDefault, inPrices, half, third) => {
  expect(bucketOf('default', user)).toBe(inDefault);
  expect(bucketOf('prices', user)).toBe(inPrices);
  expect(variantOf('nearer-or-newer@0123456789ab', user, halves)).toBe(half);
  expect(variantOf('s', user, three)).toBe(third);
});

test('a holdout takes the last buckets, ranges what they say', () => {
  expect([8_999, 9_000, 9_999].map((bucket) => isHeldOut(bucket, 0.1))).toEqual([
    false,
    true,
    true,
  ]);
  expect(isHeldOut(buckets - 1, 0)).toBe(false);
  const ranges = [
    [0, 10],
    [50, 60],
  ] as const;
  expect([0, 9, 10, 50, 60].map((bucket) => isInRanges(bucket, ranges))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
});

test('variants get their weights, whatever the bucket', () => {
  const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
  const low = users.filter((user) => bucketOf('default', user) < buckets / 2);
  expect(low.length / users.length).toBeCloseTo(0.5, 1);
  for (const some of [users, low]) {
    const shares = three.map(
      ({ variant }) =>
        some.filter((user) => variantOf('salt', user, three) === variant).length / some.length,
    );
    for (const [at, { weight }] of three.entries()) expect(shares[at]).toBeCloseTo(weight, 1);
  }
});

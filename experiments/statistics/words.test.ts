import { expect, test } from 'vitest';

import { hours } from './words.ts';

test('a time below an hour is said in minutes or seconds', () => {
  expect([24, 1, 0.5, 1 / 60, 0.003, 1 / 3_600, 8_761].map(hours)).toEqual([
    '24 hours',
    '1 hour',
    '30 minutes',
    '1 minute',
    '10.8 seconds',
    '1 second',
    '8761 hours',
  ]);
});

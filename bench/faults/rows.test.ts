import { expect, test } from 'vitest';

import type { FaultRow } from './row.ts';
import { chosenRows, numbersOf } from './rows.ts';

test('rows are chosen by numbers and ranges, each once', () => {
  expect(numbersOf('3-5,1, 4')).toEqual([1, 3, 4, 5]);
  expect(() => numbersOf('5-3')).toThrow('--rows takes numbers and ranges');
  expect(() => numbersOf('all')).toThrow("not 'all'");
});

test('a number that no row has is refused, with those that there are', () => {
  const row: FaultRow = { row: 3, title: '', inject: async () => ({}) };
  expect(chosenRows([row], [3])).toEqual([row]);
  expect(() => chosenRows([row], [3, 99])).toThrow('there is no row 99; there are: 3');
});

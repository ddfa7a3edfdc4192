import { expect, test } from 'vitest';

import { isPast, recordsLeft } from './offsets.ts';

test('what begins past where the other stands is told from what is level', () => {
  const to = [[5], [9], []];
  const lows = [[0], [0], [3]];
  expect(isPast([[5], [9], [3]], to, lows)).toBe(false);
  expect(isPast([[5], [10], []], to, lows)).toBe(true);
  expect(isPast([[5], [9], [4]], to, lows)).toBe(true);
  // By what is left alone nobody would know.
  expect(recordsLeft([[5], [10], []], to, lows)).toBe(0);
});

import { expect, test } from 'vitest';

import { slopePerHour } from './slope.ts';

test('a line has its own slope, and noise around a level has nearly none', () => {
  const line = [0, 1, 2, 3].map((hours) => ({ hours, value: 100 + 7 * hours }));
  expect(slopePerHour(line)).toBeCloseTo(7);
  const level = [0, 1, 2, 3].map((hours) => ({ hours, value: hours % 2 === 0 ? 100 : 101 }));
  expect(Math.abs(slopePerHour(level))).toBeLessThan(0.5);
  expect(slopePerHour([])).toBe(0);
});

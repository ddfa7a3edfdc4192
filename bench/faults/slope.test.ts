import { expect, test } from 'vitest';

import { commonSlopePerHour } from './slope.ts';

const line = (level: number, slope: number, hours: readonly number[]) =>
  hours.map((at) => ({ hours: at, value: level + slope * at }));

test('lines on other levels share their slope, and noise around a level has nearly none', () => {
  const lines = [line(100, 7, [0, 1, 2, 3]), line(-50, 7, [4, 5]), line(900, 0, [6])];
  expect(commonSlopePerHour(lines)).toBeCloseTo(7);
  const level = [0, 1, 2, 3].map((hours) => ({ hours, value: hours % 2 === 0 ? 100 : 101 }));
  expect(Math.abs(commonSlopePerHour([level]))).toBeLessThan(0.5);
  expect(commonSlopePerHour([])).toBe(0);
  expect(commonSlopePerHour([[]])).toBe(0);
});

test('a short line that jumps says little about the slope of long ones', () => {
  const long = line(100, 0, [0, 0.25, 0.5, 0.75, 1]);
  const short = [
    { hours: 0, value: 100 },
    { hours: 0.01, value: 103 },
  ];
  expect(commonSlopePerHour([long, short])).toBeLessThan(0.1);
});

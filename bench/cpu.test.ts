import { expect, test } from 'vitest';

import { clockSeconds, cpuSeconds, residentMb } from './cpu.ts';

test('what ps prints of CPU time is read', () => {
  expect(clockSeconds('0:01.50')).toBe(1.5);
  expect(clockSeconds('02:03:04')).toBe(7384);
  expect(clockSeconds('1-00:00:01')).toBe(86_401);
});

test('the CPU time of a process only grows, and is what the process itself says', () => {
  const before = cpuSeconds(process.pid);
  for (let n = 0, x = 0; n < 3e7; n++) x += Math.sqrt(n);
  const after = cpuSeconds(process.pid);
  expect(after).toBeGreaterThan(before);
  const { user, system } = process.cpuUsage();
  expect(Math.abs(after - (user + system) / 1e6)).toBeLessThan(0.2);
});

test('memory has a peak that is not below what is used now', () => {
  const { now, peak } = residentMb(process.pid);
  expect(now).toBeGreaterThan(10);
  expect(peak).toBeGreaterThanOrEqual(now);
});

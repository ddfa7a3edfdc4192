import { expect, test } from 'vitest';

import { SteadyClock } from './steady-clock.ts';

const start = () => {
  const at = { wallMs: 1_000_000, monotonicMs: 50 };
  const clock = new SteadyClock({ nowMs: () => at.wallMs, monotonicMs: () => at.monotonicMs });
  const pass = (ms: number): void => {
    at.wallMs += ms;
    at.monotonicMs += ms;
  };
  return { at, clock, pass };
};

test('goes with the wall clock while that goes evenly, and follows small steps', () => {
  const { at, clock, pass } = start();
  pass(5_000);
  expect(clock.nowMs()).toBe(1_005_000);
  at.wallMs -= 400;
  expect(clock.nowMs()).toBe(1_004_600);
});

test.each([3_600_000, -3_600_000])('does not go along with a jump of %i ms', (jumpMs) => {
  const { at, clock, pass } = start();
  at.wallMs += jumpMs;
  pass(60_000);
  expect(clock.nowMs()).toBe(1_060_000);
  at.wallMs -= jumpMs;
  pass(1_000);
  expect(clock.nowMs()).toBe(1_061_000);
});

test('believes a clock that was set and stays so, and not one that goes on jumping', () => {
  const { at, clock, pass } = start();
  at.wallMs += 3_600_000;
  clock.nowMs();
  pass(299_999);
  expect(clock.nowMs()).toBe(1_299_999);
  at.wallMs += 3_600_000;
  pass(299_999);
  expect(clock.nowMs()).toBe(1_599_998);
  pass(300_000);
  expect(clock.nowMs()).toBe(at.wallMs);
});

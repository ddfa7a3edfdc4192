import { describe, expect, test } from 'vitest';

import { admit } from './admission.ts';
import { acceptedRequest } from './fakes.ts';
import { Pressure } from './pressure.ts';
import type { Accepted } from './request.ts';

const facts = { sliceMax: 10, msPerAnswer: 2, nowMs: 1_000 };
const offsets = (of: readonly { readonly record: { readonly offset: number } }[]): number[] =>
  of.map(({ record }) => record.offset);
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

/** Of different users, unless said. */
const asked = (count: number, change: (n: number) => Parameters<typeof acceptedRequest>[1]) =>
  Array.from({ length: count }, (_, n): Accepted => acceptedRequest(n, change(n)));

describe('of requests that wait together', () => {
  test('one slice is admitted as it is', () => {
    const all = asked(10, () => ({ userId: 'hot', deadlineMs: 1_001 }));
    expect(admit(all, facts)).toEqual({ admitted: all, shed: [] });
  });

  test('one user keeps an eighth of the places, for the newest requests, and others all theirs', () => {
    const all = asked(80, (n) => ({ userId: n % 4 === 0 ? `u${n}` : 'hot' }));
    const { admitted, shed } = admit(all, facts);
    const hot = admitted.filter(({ request }) => request.user_id === 'hot');
    expect([admitted.length, hot.length, shed.length]).toEqual([30, 10, 50]);
    expect(offsets(hot)[0]).toBeGreaterThan(Math.max(...offsets(shed)));
    expect(offsets(admitted)).toEqual(offsets(admitted).toSorted((a, b) => a - b));
    expect(new Set(shed.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(['overloaded one_user_asks_too_much']),
    );
  });

  test('one user may have the places that nobody else asks for', () => {
    const all = asked(14, (n) => ({ userId: n === 0 ? 'other' : 'hot' }));
    const { admitted, shed } = admit(all, facts);
    expect(offsets(admitted)).toEqual([0, ...range(5, 14)]);
    expect(offsets(shed)).toEqual([4, 3, 2, 1]);
  });

  test('whose deadline passes before the answer is told so, and takes nobody’s place', () => {
    // A slice takes 20 ms: the first is answered at 1,020, the second at 1,040.
    const all = asked(25, (n) => ({
      userId: `u${n}`,
      deadlineMs: n < 5 ? 1_020 : n === 15 ? 1_040 : 1_041,
    }));
    const { admitted, shed } = admit(all, facts);
    expect(offsets(shed)).toEqual([...range(0, 5), 15]);
    expect(new Set(shed.map(({ reason }) => reason))).toEqual(new Set(['deadline_too_near']));
    // The places of the first five went to the next ones: 15 would be in the second slice.
    expect(offsets(admitted)).toEqual([...range(5, 15), ...range(16, 25)]);
  });
});

describe('how many may wait', () => {
  const pressure = () => new Pressure({ backlogMax: 5_000, waitMsMax: 2_000 });

  test('is the setting until a slice was measured', () => {
    const one = pressure();
    one.took(10, 10_000);
    expect(one.backlogMax()).toBe(5_000);
  });

  test('falls as answers get slower, to a point, and rises again', () => {
    const one = pressure();
    for (let n = 0; n < 20; n += 1) one.took(100, 200);
    expect(one.backlogMax()).toBeGreaterThanOrEqual(999);
    expect(one.backlogMax()).toBeLessThan(1_010);
    for (let n = 0; n < 20; n += 1) one.took(100, 100_000);
    expect(one.backlogMax()).toBe(100);
    for (let n = 0; n < 40; n += 1) one.took(100, 10);
    expect(one.backlogMax()).toBe(5_000);
  });
});

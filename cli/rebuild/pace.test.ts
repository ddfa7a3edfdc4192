import { expect, test } from 'vitest';

import { Pace, type Ran } from './pace.ts';

/** Each step: milliseconds that the thread ran and waited, then a slice. Returns the rests. */
const rests = async (steps: readonly (readonly [number, number])[]): Promise<number[]> => {
  const said: number[] = [];
  let nowMs = 0;
  let all: Ran = { ranMs: 5, waitedMs: 7 };
  const pace = new Pace({
    ran: () => all,
    nowMs: () => nowMs,
    pause: async (ms) => {
      said.push(ms);
      nowMs += ms;
    },
  });
  await pace.slice();
  for (const [ran, waited] of steps) {
    nowMs += ran + waited;
    all = { ranMs: all.ranMs + ran, waitedMs: all.waitedMs + waited };
    await pace.slice();
  }
  return said;
};

test('with processors to spare it never rests', async () => {
  expect(await rests(Array.from({ length: 50 }, () => [90, 40]))).toEqual([]);
});

test('where it waits longer than it runs it rests three times as long, and at most a second', async () => {
  expect(await rests([[20, 90]])).toEqual([330]);
  expect(await rests([[100, 900]])).toEqual([1_000]);
});

test('it looks every 100 ms, and anew after each rest', async () => {
  const short = [10, 40] as const;
  expect(await rests([short])).toEqual([]);
  expect(await rests([short, short, short])).toEqual([300]);
  expect(
    await rests([
      [20, 90],
      [100, 0],
      [100, 0],
    ]),
  ).toEqual([330]);
});

test('all that work in one process rest together', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let rested = 0;
  let nowMs = 0;
  const pace = new Pace({
    ran: () => ({ ranMs: nowMs / 10, waitedMs: nowMs }),
    nowMs: () => nowMs,
    pause: () => {
      rested += 1;
      return promise;
    },
  });
  await pace.slice();
  nowMs = 200;
  let begun = 0;
  const slices = [1, 2, 3].map(() => pace.slice().then(() => (begun += 1)));
  await Promise.resolve();
  expect([rested, begun]).toEqual([1, 0]);
  resolve();
  await Promise.all(slices);
  expect(begun).toBe(3);
});

test('while others stand still for it nothing rests', async () => {
  let nowMs = 0;
  let rested = 0;
  const pace = new Pace({
    ran: () => ({ ranMs: 0, waitedMs: nowMs }),
    nowMs: () => nowMs,
    pause: async () => void (rested += 1),
  });
  await pace.slice();
  nowMs = 200;
  await pace.urgently(() => pace.slice());
  expect(rested).toBe(0);
  await pace.slice();
  expect(rested).toBe(1);
});

test('where a system does not tell, nothing rests', async () => {
  const pace = new Pace({
    ran: () => null,
    nowMs: () => 0,
    pause: () => expect.fail('rested'),
  });
  await pace.slice();
  await pace.slice();
});

import { expect, test, vi } from 'vitest';

import { Pace, type Ran } from './pace.ts';

/** Each step: milliseconds that the thread ran and waited, then a slice. Returns the rests. */
const rests = async (steps: readonly (readonly [number, number])[]): Promise<number[]> => {
  const said: number[] = [];
  let nowMs = 0;
  let all: Ran = { ranMs: 7, waitedMs: 5 };
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

test('it looks every 100 ms, and after every 25 ms of work while others take the machine', async () => {
  const short = [10, 40] as const;
  expect(await rests([short])).toEqual([]);
  expect(await rests([short, short])).toEqual([300]);
  expect(
    await rests([
      [20, 90],
      [1, 0],
    ]),
  ).toEqual([330, 20]);
});

test('it rests on until eight looks in a row have found processors to spare', async () => {
  const busy = [20, 90] as const;
  const free = [20, 6] as const;
  const frees = (count: number) => Array.from({ length: count }, () => free);
  const after = (count: number) => Array.from({ length: count }, () => 78);
  expect(await rests([busy, ...frees(8)])).toEqual([330, ...after(7)]);
  expect(await rests([busy, ...frees(7), busy, ...frees(8)])).toEqual([
    330,
    ...after(7),
    330,
    ...after(7),
  ]);
  // 20 ms say nothing yet: each two of them are one look.
  const half = [15, 5] as const;
  expect(await rests([busy, ...Array.from({ length: 20 }, () => half)])).toHaveLength(1 + 15);
});

test('the first slice knows how it went since the thread began', async () => {
  const said: number[] = [];
  const ran = { ranMs: 40, waitedMs: 70 };
  const pause = async (ms: number): Promise<void> => void said.push(ms);
  await new Pace({ ran: () => ran, nowMs: () => 0, pause }).slice();
  expect(said).toEqual([330]);
});

test('while others take the machine, slices are small and come one after the other', async () => {
  const resting: (() => void)[] = [];
  let nowMs = 0;
  const pace = new Pace({
    ran: () => ({ ranMs: nowMs / 10, waitedMs: nowMs }),
    nowMs: () => nowMs,
    pause: () => new Promise<void>((resolve) => void resting.push(resolve)),
  });
  await pace.slice();
  expect(pace.sliceRecords()).toBe(Infinity);
  nowMs = 200;
  let begun = 0;
  const slices = [1, 2, 3].map(() => pace.slice().then(() => (begun += 1)));
  for (const each of [1, 2, 3]) {
    await vi.waitFor(() => expect(resting).toHaveLength(each));
    expect(begun).toBe(each - 1);
    resting[each - 1]?.();
  }
  await Promise.all(slices);
  expect(pace.sliceRecords()).toBe(500);
  expect(await pace.urgently(async () => pace.sliceRecords())).toBe(Infinity);
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

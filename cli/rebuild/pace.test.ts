import { expect, test, vi } from 'vitest';

import { Pace, type Ran } from './pace.ts';

const idle: Ran = { ranMs: 0, waitedMs: 0 };

/** Each step: milliseconds that the thread ran and waited, then a slice. Returns the rests. */
const rests = async (steps: readonly (readonly [number, number])[]): Promise<number[]> => {
  const said: number[] = [];
  let all = idle;
  const pace = new Pace({ ran: () => all, pause: async (ms) => void said.push(ms) });
  for (const [ran, waited] of steps) {
    all = { ranMs: all.ranMs + ran, waitedMs: all.waitedMs + waited };
    await pace.slice();
  }
  return said;
};

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

test('with processors to spare it never rests', async () => {
  expect(await rests(times(50, [90, 40]))).toEqual([]);
});

test('where it waits longer than it runs it rests three times as long, and at most a second', async () => {
  expect(await rests([[40, 170]])).toEqual([630]);
  expect(await rests([[100, 900]])).toEqual([1_000]);
  // Not for what it worked while there were processors to spare.
  expect(
    await rests([
      [110, 90],
      [20, 180],
    ]),
  ).toEqual([600]);
});

test('short of 200 ms of work it knows nothing, and goes on as before', async () => {
  const crowded = [10, 40] as const;
  expect(await rests(times(3, crowded))).toEqual([]);
  expect(await rests(times(4, crowded))).toEqual([600]);
  const free = [40, 10] as const;
  const busy = [40, 170] as const;
  expect(await rests([busy, ...times(3, free)])).toEqual([630, 150, 150, 150]);
  expect(await rests([busy, ...times(20, free)])).toEqual([630, 150, 150, 150]);
  // One that was held up among them changes nothing.
  expect(await rests([busy, free, free, crowded, free, free])).toEqual([630, 150, 150, 150]);
});

test('beside answers slices are small, and waiting for less of the time says that it is crowded', async () => {
  const said: number[] = [];
  let all = idle;
  const pace = new Pace({ ran: () => all, pause: async (ms) => void said.push(ms) });
  const work = async (ran: number, waited: number): Promise<void> => {
    all = { ranMs: all.ranMs + ran, waitedMs: all.waitedMs + waited };
    await pace.slice();
  };
  pace.besideAnswers(true);
  expect(pace.sliceRecords()).toBe(200);
  await work(180, 25);
  expect(said).toEqual([]);
  await work(150, 60);
  expect(said).toEqual([630]);
  expect(await pace.urgently(async () => pace.sliceRecords())).toBe(Infinity);
  pace.besideAnswers(false);
  await work(150, 60);
  expect([said, pace.sliceRecords()]).toEqual([[630], Infinity]);
  // What two thirds of waiting say where answers might be given, they do not say alone.
  await work(70, 140);
  expect(said).toEqual([630]);
  await work(40, 170);
  expect(said).toEqual([630, 630]);
});

test('until somebody has said whether answers are given slices are small, and rests rarer than beside', async () => {
  const said: number[] = [];
  const ran = { ranMs: 150, waitedMs: 60 };
  const pace = new Pace({ ran: () => ran, pause: async (ms) => void said.push(ms) });
  expect(pace.sliceRecords()).toBe(200);
  await pace.slice();
  expect([said, pace.sliceRecords()]).toEqual([[], 200]);
});

test('a piece that took no time is followed by a rest all the same', async () => {
  expect(
    await rests([
      [40, 170],
      [1, 0],
    ]),
  ).toEqual([630, 20]);
});

test('while others take the machine, slices are small and come one after the other', async () => {
  const resting: (() => void)[] = [];
  let all = idle;
  const pace = new Pace({
    ran: () => all,
    pause: () => new Promise<void>((resolve) => void resting.push(resolve)),
  });
  pace.besideAnswers(false);
  await pace.slice();
  expect(pace.sliceRecords()).toBe(Infinity);
  all = { ranMs: 20, waitedMs: 200 };
  let begun = 0;
  const slices = [1, 2, 3].map(() => pace.slice().then(() => (begun += 1)));
  for (const each of [1, 2, 3]) {
    await vi.waitFor(() => expect(resting).toHaveLength(each));
    expect(begun).toBe(each - 1);
    resting[each - 1]?.();
  }
  await Promise.all(slices);
  expect(pace.sliceRecords()).toBe(200);
  expect(await pace.urgently(async () => pace.sliceRecords())).toBe(Infinity);
});

test('while others stand still for it nothing rests', async () => {
  let rested = 0;
  const ran = { ranMs: 0, waitedMs: 200 };
  const pace = new Pace({ ran: () => ran, pause: async () => void (rested += 1) });
  await pace.urgently(() => pace.slice());
  expect(rested).toBe(0);
  await pace.slice();
  expect(rested).toBe(1);
});

test('where a system does not tell, nothing rests', async () => {
  const pace = new Pace({ ran: () => null, pause: () => expect.fail('rested') });
  await pace.slice();
  await pace.slice();
});

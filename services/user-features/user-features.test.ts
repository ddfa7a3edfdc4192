import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeUserFeatures } from '../../schemas/packed/user-features.ts';
import { type Act, type FeatureLimits, noteAct } from './user-features.ts';

const types = ['view', 'click', 'purchase'];
const dayMs = 86_400_000;
const minuteMs = 60_000;
const limits: FeatureLimits = {
  recentsMax: 3,
  halfLifeMs: 30 * dayMs,
  sessionGapMs: 30 * minuteMs,
};

const at = (atMs: number, itemId: string, type = 0): Act => ({ itemId, atMs, type });
const fold = (acts: readonly Act[], bounds = limits, row?: Buffer): Buffer =>
  acts.reduce((old: Buffer | undefined, act) => noteAct(old, act, bounds), row) as Buffer;
const known = (acts: readonly Act[], bounds = limits) =>
  decodeUserFeatures(fold(acts, bounds), types);
const recentIds = (acts: readonly Act[]) => known(acts).recents.map((recent) => recent.itemId);

describe('recent items', () => {
  test('are distinct, newest first, and bounded', () => {
    const acts = [at(1000, 'a'), at(2000, 'b'), at(3000, 'a'), at(4000, 'c'), at(5000, 'd')];
    expect(recentIds(acts)).toEqual(['d', 'c', 'a']);
  });

  test('of one second, the later in the log comes first', () =>
    expect(recentIds([at(1000, 'a'), at(1999, 'b'), at(1001, 'c')])).toEqual(['c', 'b', 'a']));

  test('a late event takes the place of its time, and one older than all is not kept', () => {
    const acts = [at(9000, 'a'), at(5000, 'b'), at(7000, 'c'), at(1000, 'd')];
    expect(recentIds(acts)).toEqual(['a', 'c', 'b']);
  });

  test('a late event of a known item changes neither its place nor its type', () => {
    const { recents } = known([at(8000, 'b'), at(9000, 'a', 2), at(5000, 'a', 0)]);
    expect(recents).toEqual([
      { itemId: 'a', atMs: 9000, type: 'purchase', visits: 2, firstAtMs: 5000 },
      { itemId: 'b', atMs: 8000, type: 'view', visits: 1, firstAtMs: 8000 },
    ]);
  });

  test('keep their visits and the earliest of them wherever they move', () => {
    const acts = [at(5000, 'a'), at(3000, 'a'), at(6000, 'b', 2), at(7000, 'a', 1)];
    expect(known(acts).recents).toEqual([
      { itemId: 'a', atMs: 7000, type: 'click', visits: 3, firstAtMs: 3000 },
      { itemId: 'b', atMs: 6000, type: 'purchase', visits: 1, firstAtMs: 6000 },
    ]);
  });

  test('an item that left the list starts anew', () => {
    const acts = [at(1000, 'a'), at(1000, 'a'), at(2000, 'b'), at(3000, 'c'), at(4000, 'd')];
    const back = known([...acts, at(5000, 'a')]).recents[0];
    expect(back).toEqual({ itemId: 'a', atMs: 5000, type: 'view', visits: 1, firstAtMs: 5000 });
  });

  test.each([0, 9000])('visits stop at 255, whether late or not', (laterMs) => {
    const log = [at(laterMs, 'a'), ...Array.from({ length: 254 }, () => at(1000, 'a'))];
    expect(known(log.slice(1)).recents[0]?.visits).toBe(254);
    expect(known(log).recents[0]?.visits).toBe(255);
    expect(known([...log, at(1000, 'a')]).recents[0]?.visits).toBe(255);
  });
});

describe('counts', () => {
  test('halve once per half-life, all as of the newest event', () => {
    const { counts, lastSeenMs } = known([at(dayMs, 'a', 0), at(31 * dayMs, 'b', 2)]);
    expect(lastSeenMs).toBe(31 * dayMs);
    expect(counts).toEqual([
      { type: 'view', weight: 0.5 },
      { type: 'purchase', weight: 1 },
    ]);
  });

  test('a late event counts with the weight it would have by now', () => {
    const { counts } = known([at(61 * dayMs, 'a', 0), at(dayMs, 'b', 0)]);
    expect(counts).toEqual([{ type: 'view', weight: 1.25 }]);
  });

  test('a type that is not configured is counted as other', () =>
    expect(known([at(1, 'a', 255)]).counts).toEqual([{ type: 'other', weight: 1 }]));
});

describe('sessions and times', () => {
  test('a session goes on within the gap and starts anew past it', () => {
    const start = 100 * minuteMs;
    const within = [at(start, 'a'), at(start + 30 * minuteMs, 'b')];
    expect(known(within).session).toEqual({ startedAtMs: start, events: 2 });
    const past = [...within, at(start + 61 * minuteMs, 'c')];
    expect(known(past).session).toEqual({ startedAtMs: start + 61 * minuteMs, events: 1 });
  });

  test('a late event joins the session that it touches, and no other', () => {
    const start = 100 * minuteMs;
    const touching = [at(start, 'a'), at(start - 10 * minuteMs, 'b')];
    expect(known(touching).session).toEqual({ startedAtMs: start - 10 * minuteMs, events: 2 });
    const apart = [at(start, 'a'), at(start - 31 * minuteMs, 'b')];
    expect(known(apart).session).toEqual({ startedAtMs: start, events: 1 });
  });

  test('first and last seen do not move with late events', () => {
    const { firstSeenMs, lastSeenMs } = known([at(7001, 'a'), at(3000, 'b'), at(5000, 'c')]);
    expect([firstSeenMs, lastSeenMs]).toEqual([3000, 7001]);
  });
});

const acts = fc.array(
  fc.record({
    itemId: fc.constantFrom('a', 'b', 'c', 'é', '日本', 'a-longer-id'),
    atMs: fc.integer({ min: 0, max: 3 * 60 * minuteMs }),
    type: fc.constantFrom(0, 1, 2, 255),
  }),
  { minLength: 1, maxLength: 40 },
);

/** The same, said with objects. */
function naive(log: readonly Act[]) {
  interface Item {
    readonly itemId: string;
    readonly second: number;
    readonly type: number;
    readonly visits: number;
    readonly first: number;
  }
  let recents: Item[] = [];
  let lastMs = 0;
  const counts = new Map<number, number>();
  for (const { itemId, atMs, type } of log) {
    const second = Math.floor(atMs / 1000);
    const item = recents.find((recent) => recent.itemId === itemId);
    const visits = Math.min(255, (item?.visits ?? 0) + 1);
    const first = Math.min(item?.first ?? second, second);
    if (item === undefined || item.second <= second)
      recents = [{ itemId, second, type, visits, first }, ...recents.filter((r) => r !== item)]
        .toSorted((a, b) => b.second - a.second)
        .slice(0, limits.recentsMax);
    else recents = recents.map((r) => (r === item ? { ...item, visits, first } : r));
    if (atMs > lastMs) {
      const factor = 2 ** (-(atMs - lastMs) / limits.halfLifeMs);
      for (const [other, weight] of counts) counts.set(other, Math.fround(weight * factor));
      lastMs = atMs;
    }
    const weight = 2 ** (-(lastMs - atMs) / limits.halfLifeMs);
    counts.set(type, Math.fround((counts.get(type) ?? 0) + weight));
  }
  return { recents, lastMs, counts };
}

test('whatever the log: editing bytes gives what objects give', () => {
  fc.assert(
    fc.property(acts, (log) => {
      const { recents, lastMs, counts } = naive(log);
      const name = (type: number) => types[type] ?? 'other';
      const features = known(log);
      expect(features.lastSeenMs).toBe(lastMs);
      expect(features.recents).toEqual(
        recents.map(({ itemId, second, type, visits, first }) => ({
          itemId,
          atMs: second * 1000,
          type: name(type),
          visits,
          firstAtMs: first * 1000,
        })),
      );
      expect(features.counts).toEqual(
        [...counts].map(([type, weight]) => ({ type: name(type), weight })),
      );
    }),
  );
});

test('whatever the log: storing and reading between any two events changes no byte', () => {
  fc.assert(
    fc.property(acts, (log) => {
      let stored: Buffer | undefined;
      for (const act of log)
        stored = Buffer.from(
          noteAct(stored === undefined ? undefined : Buffer.from(stored), act, limits),
        );
      expect(stored).toEqual(fold(log));
    }),
  );
});

test('a user of ten events, three types and 10-byte ids takes 243 bytes', () => {
  const log = Array.from({ length: 10 }, (_, i) => at(i * 1000, `item-${10_000 + i}`, i % 3));
  expect(fold(log, { ...limits, recentsMax: 20 }).length).toBe(243);
});

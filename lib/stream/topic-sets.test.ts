import { describe, expect, test } from 'vitest';

import {
  beginDropOfSets,
  changeTopicSets,
  endDropOfSet,
  isInUse,
  planBack,
  planSet,
  readTopicSets,
  refuseOtherSet,
  switched,
  type TopicSets,
} from './topic-sets.ts';

const first: TopicSets = {
  current: { set: 1, partitions: 4 },
  next: null,
  kept: [],
  dropping: [],
  highest: 1,
  cut: null,
};
const wanted = { partitions: 6, above: 1 };
const cut = { offsets: [7, 9], atMs: 100 };
const filling = planSet(first, wanted) as TopicSets;
const second = switched({ ...filling, closing: 'mine' }, { cut, untilMs: 500 });

/** One key, compared and set. */
const redisOf = (sets: TopicSets | null) => {
  let text = sets === null ? null : JSON.stringify(sets);
  return {
    getString: async () => text,
    eval: async (_: unknown, __: readonly string[], [expected, next]: readonly string[]) => {
      if ((text ?? '') !== expected) return 0;
      text = next ?? null;
      return 1;
    },
  } as unknown as Parameters<typeof changeTopicSets>[0];
};

describe('a set', () => {
  test('is begun once, and gone on with', () => {
    expect(filling.next).toEqual({ set: 2, partitions: 6, back: false });
    expect(planSet(filling, wanted)).toBe(filling);
    expect(planSet(filling, { ...wanted, partitions: 8 })).toBeNull();
  });

  test('never has the number of one that was there, though Redis has forgotten it', () => {
    expect(planSet(first, { ...wanted, above: 5 })?.next?.set).toBe(6);
    const dropped = beginDropOfSets(filling, { all: true, nowMs: 0 });
    expect(planSet(dropped, wanted)?.next?.set).toBe(3);
  });

  test('takes the place of the current one, which is kept and stands at the cut', () => {
    expect(second).toMatchObject({
      current: { set: 2, partitions: 6 },
      next: null,
      kept: [{ set: 1, partitions: 4, untilMs: 500 }],
      cut: { from: 1, to: 2, offsets: [7, 9] },
    });
    expect(second.closing).toBeUndefined();
  });

  test('that is kept is gone back to, and not folded by anybody until then', () => {
    expect(isInUse(second, 'shop')).toBe(false);
    const back = planBack(second, 4) as TopicSets;
    expect(back).toMatchObject({ next: { set: 1, back: true }, kept: [] });
    expect(isInUse(back, 'shop')).toBe(true);
    expect(planBack(back, 4)).toBe(back);
    expect(planBack(back, 6)).toBeNull();
    expect(planSet(back, { partitions: 4, above: 2 })).toBeNull();
    expect(planBack(first, 4)).toBeNull();
    expect(planBack(filling, 6)).toBeNull();
  });

  test('that is gone back to has the partitions that were asked for, not the newest one', () => {
    const third = planSet(second, { partitions: 8, above: 2 }) as TopicSets;
    const kept = switched(third, { cut, untilMs: 900 });
    expect(kept.kept.map(({ partitions }) => partitions)).toEqual([6, 4]);
    expect(planBack(kept, 4)).toMatchObject({ next: { set: 1 }, kept: [{ set: 2 }] });
    expect(planBack(kept, 6)).toMatchObject({ next: { set: 2 }, kept: [{ set: 1 }] });
    expect(planBack(kept, 8)).toBeNull();
  });

  test('is dropped after its time, or at once where that is asked for', () => {
    expect(beginDropOfSets(second, { all: false, nowMs: 499 })).toEqual(second);
    const over = beginDropOfSets(second, { all: false, nowMs: 500 });
    expect(over).toMatchObject({ kept: [], dropping: [{ set: 1, partitions: 4 }] });
    expect(endDropOfSet(over, { set: 1, partitions: 4 }).dropping).toEqual([]);
    const all = beginDropOfSets(planSet(second, { partitions: 8, above: 2 }) as TopicSets, {
      all: true,
      nowMs: 0,
    });
    expect(all.dropping.map(({ set }) => set)).toEqual([3, 1]);
    expect(all.next).toBeNull();
  });
});

test('services of another set than those in use end, and say with which setting to start', async () => {
  await expect(refuseOtherSet(redisOf(null), 'shop.s2', 'ingest')).resolves.toBeNull();
  await expect(refuseOtherSet(redisOf(filling), 'shop.s2', 'ingest')).resolves.toEqual(filling);
  await expect(refuseOtherSet(redisOf(second), 'shop', 'ingest')).rejects.toThrow(
    /ingest: another set .*FRESHET_PARTITIONS=6\/2/,
  );
});

test('what one command has written is what the next one changes', async () => {
  const redis = redisOf(null);
  const at = { prefix: 'shop', first: first.current };
  await changeTopicSets(redis, at, (sets) => planSet(sets, wanted));
  const left = await changeTopicSets(redis, at, (sets) =>
    planSet(sets, { ...wanted, partitions: 9 }),
  );
  expect(left).toBeNull();
  expect(await readTopicSets(redis, 'shop.s2')).toEqual(filling);
});

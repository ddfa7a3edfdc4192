import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyKind, completeFromMs, listSeen, readSeen } from '../../schemas/packed/seen-items.ts';
import { type SeenLimits, type Sight, seeItem } from './seen-items.ts';

const view = 1;
const purchase = 16;
const at = (second: number, itemId: string, kind = view): Sight => ({
  itemId,
  atMs: second * 1000,
  kind,
});

const fold = (sights: readonly Sight[], limits: SeenLimits, row?: Buffer): Buffer | undefined =>
  sights.reduce((old, sight) => seeItem(old, sight, limits) ?? old, row);

const three: SeenLimits = { itemsMax: 3, ageMsMax: 100_000 };
const seenBy = (...sights: Sight[]) =>
  listSeen(fold(sights, three) ?? Buffer.alloc(5, 1)).map((item) => item.itemId);

/** The same, said with a map and a sort: what the editing of bytes must equal. */
function naive(sights: readonly Sight[], limits: SeenLimits) {
  let items: { itemId: string; second: number; kinds: number }[] = [];
  let completeFrom = 0;
  for (const { itemId, atMs, kind } of sights) {
    const second = Math.floor(atMs / 1000);
    const known = items.find((item) => item.itemId === itemId);
    if (known === undefined) items.push({ itemId, second, kinds: kind });
    else {
      known.second = Math.max(known.second, second);
      known.kinds |= kind;
    }
    items.sort(
      (a, b) => b.second - a.second || Buffer.compare(Buffer.from(a.itemId), Buffer.from(b.itemId)),
    );
    const horizon = (items[0]?.second ?? 0) - Math.floor(limits.ageMsMax / 1000);
    const kept = items.filter((item, i) => i < limits.itemsMax && item.second >= horizon);
    for (const { second: cut } of items.slice(kept.length))
      completeFrom = Math.max(completeFrom, cut + 1);
    items = kept;
  }
  return { items, completeFrom };
}

describe('what is kept', () => {
  test('an item seen again moves to the front', () =>
    expect(seenBy(at(1, 'a'), at(2, 'b'), at(3, 'a'))).toEqual(['a', 'b']));

  test('only the newest items are kept, and the mark says from when on', () => {
    expect(seenBy(at(1, 'a'), at(2, 'b'), at(3, 'c'), at(4, 'd'))).toEqual(['d', 'c', 'b']);
    const row = fold([at(1, 'a'), at(2, 'b'), at(3, 'c'), at(4, 'd')], three) as Buffer;
    expect(completeFromMs(row)).toBe(2000);
    expect(completeFromMs(fold([at(1, 'a'), at(2, 'b')], three) as Buffer)).toBeNull();
  });

  test('an item at the age limit is kept, and one past it is not, however late it comes', () => {
    const sights = [at(1, 'limit'), at(101, 'now'), at(0, 'late')];
    expect(seenBy(...sights)).toEqual(['now', 'limit']);
    expect(seenBy(at(0, 'past'), ...sights)).toEqual(['now', 'limit']);
    expect(completeFromMs(fold(sights, three) as Buffer)).toBe(1000);
  });

  test('a late event of a full row is cut, and raises the mark', () => {
    const row = fold([at(5, 'a'), at(6, 'b'), at(7, 'c')], three) as Buffer;
    const next = seeItem(row, at(4, 'd'), three) as Buffer;
    expect(listSeen(next).map((item) => item.itemId)).toEqual(['c', 'b', 'a']);
    expect(completeFromMs(next)).toBe(5000);
  });

  test('kinds gather, also of an event that comes late', () => {
    const row = fold([at(5, 'a', purchase), at(3, 'a', view)], three) as Buffer;
    expect(listSeen(row)).toEqual([{ itemId: 'a', atMs: 5000, kinds: view | purchase }]);
  });

  test('a duplicate leaves nothing to write', () => {
    const row = fold([at(1, 'a')], three) as Buffer;
    expect(seeItem(row, at(1, 'a'), three)).toBeNull();
  });
});

const ids = fc.constantFrom('a', 'b', 'c', 'dd', 'é', '日本', 'a-longer-id', 'Z', 'aa', 'ab');
const sightsOf = (ageMax: number) =>
  fc.array(
    fc.record({
      itemId: ids,
      atMs: fc.integer({ min: 1, max: ageMax * 1000 }),
      kind: fc.constantFrom(1, 2, 16, 128),
    }),
    { maxLength: 40 },
  );
const limitsOf = fc.record({
  itemsMax: fc.integer({ min: 1, max: 8 }),
  ageMsMax: fc.integer({ min: 1000, max: 60_000 }),
});

describe('whatever the log', () => {
  test('editing bytes gives what a map and a sort give', () => {
    fc.assert(
      fc.property(sightsOf(90), limitsOf, (sights, limits) => {
        const row = fold(sights, limits);
        const { items, completeFrom } = naive(sights, limits);
        expect(row === undefined ? [] : listSeen(row)).toEqual(
          items.map(({ itemId, second, kinds }) => ({ itemId, atMs: second * 1000, kinds })),
        );
        if (row !== undefined) expect(row.readUInt32LE(1)).toBe(completeFrom);
      }),
    );
  });

  test('order and repetition change neither the items nor their times', () => {
    fc.assert(
      fc.property(sightsOf(90), limitsOf, (sights, limits) => {
        const known = (row: Buffer | undefined) =>
          row === undefined ? [] : listSeen(row).map(({ itemId, atMs }) => [itemId, atMs]);
        const again = fold([...sights.toReversed(), ...sights], limits);
        expect(known(again)).toEqual(known(fold(sights, limits)));
      }),
    );
  });

  test('storing and reading between any two events changes no byte', () => {
    fc.assert(
      fc.property(sightsOf(90), limitsOf, (sights, limits) => {
        let stored: Buffer | undefined;
        for (const sight of sights) {
          const read = stored === undefined ? undefined : Buffer.from(stored);
          stored = Buffer.from(seeItem(read, sight, limits) ?? stored ?? []);
        }
        expect(stored).toEqual(fold(sights, limits));
      }),
    );
  });

  test('nothing seen since the mark is missing', () => {
    fc.assert(
      fc.property(sightsOf(90), limitsOf, (sights, limits) => {
        const index = readSeen(fold(sights, limits) ?? null);
        for (const { itemId, atMs, kind } of sights)
          if (atMs >= (index.since ?? 0)) expect(index.has(itemId, kind, atMs)).toBe(true);
      }),
    );
  });
});

test('100 items with ids of 10 bytes take at most 1,786 bytes, so that Redis allocates 1,792', () => {
  const sights = Array.from({ length: 100 }, (_, i) => at(i, `item-${10_000 + i}`));
  const row = fold(sights, { itemsMax: 2000, ageMsMax: 1e9 }) as Buffer;
  expect(row.length).toBe(1605);
  expect(readSeen(row).has('item-10042', anyKind, 0)).toBe(true);
});

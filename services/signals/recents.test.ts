import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noteVisit, readRecents, type Recent, type Visit } from './recents.ts';

const types = ['view', 'purchase'];
const options = { types, recentItemsMax: 4 };

const fold = (visits: readonly Visit[]): Recent[] => {
  let row: Buffer | undefined;
  for (const visit of visits)
    row = noteVisit(row, readRecents(row, types), { visit, options }) ?? row;
  return readRecents(row, types).items;
};

/** The same as lists: what the bytes must say. */
const plain = (visits: readonly Visit[]): Recent[] => {
  let items: Recent[] = [];
  for (const { itemId, atMs, typeIndex } of visits) {
    const before = items.find((item) => item.itemId === itemId);
    if (before !== undefined && before.atMs > atMs) continue;
    const others = items.filter((item) => item !== before);
    const newer = others.filter((item) => item.atMs > atMs);
    const older = others.filter((item) => item.atMs <= atMs);
    items = [...newer, { itemId, atMs, type: types[typeIndex] as string }, ...older].slice(0, 4);
  }
  return items;
};

const visit = fc.record({
  itemId: fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom('Größe', '')),
  atMs: fc.integer({ min: 0, max: 12 }).map((n) => (n === 12 ? 2 ** 44 : n)),
  typeIndex: fc.constantFrom(0, 1),
});

test('the row is the last distinct items by event time, whatever the order of the log', () => {
  fc.assert(
    fc.property(fc.array(visit, { maxLength: 30 }), (visits) => {
      expect(fold(visits)).toEqual(plain(visits));
    }),
    { numRuns: 500 },
  );
});

test('a late event takes the place of its time, or none', () => {
  const visits = ['a', 'b', 'c', 'd'].map((itemId, n) => ({
    itemId,
    atMs: 10 * n + 10,
    typeIndex: 0,
  }));
  const ids = (late: Visit): string =>
    fold([...visits, late])
      .map(({ itemId }) => itemId)
      .join('');
  expect(ids({ itemId: 'x', atMs: 25, typeIndex: 0 })).toBe('dcxb');
  expect(ids({ itemId: 'x', atMs: 5, typeIndex: 0 })).toBe('dcba');
  expect(ids({ itemId: 'c', atMs: 5, typeIndex: 1 })).toBe('dcba');
});

test('says nothing new for an event older than what is known of its item', () => {
  const row = noteVisit(undefined, readRecents(undefined, types), {
    visit: { itemId: 'a', atMs: 10, typeIndex: 0 },
    options,
  });
  const late = { itemId: 'a', atMs: 9, typeIndex: 1 };
  const known = readRecents(row ?? undefined, types);
  expect(noteVisit(row ?? undefined, known, { visit: late, options })).toBeNull();
});

test('refuses a row of another layout', () => {
  expect(() => readRecents(Buffer.from([9]), types)).toThrow('unknown layout');
});

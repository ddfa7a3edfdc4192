import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sessionGapMs } from '../../models/profile.ts';
import {
  newestVisitMs,
  noteVisit,
  readRecents,
  type Recent,
  sessionStartOf,
  type Visit,
} from './recents.ts';

const types = ['view', 'purchase'];
const options = { types, recentItemsMax: 4 };

const rowAfter = (visits: readonly Visit[]): Buffer | undefined => {
  let row: Buffer | undefined;
  for (const visit of visits)
    row = noteVisit(row, readRecents(row, types), { visit, options }) ?? row;
  return row;
};
const fold = (visits: readonly Visit[]): Recent[] => readRecents(rowAfter(visits), types).items;

/** The start of each visit's session, given the visits before it. */
const sessionStarts = (visits: readonly Visit[]): number[] =>
  visits.map(({ atMs }, n) =>
    sessionStartOf(readRecents(rowAfter(visits.slice(0, n)), types), atMs),
  );

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
  // Thirds of a session's gap, so that visits lie at, within and beyond it.
  atMs: fc.integer({ min: 0, max: 16 }).map((n) => (n === 16 ? 2 ** 44 : (n * sessionGapMs) / 3)),
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

test('whatever the log: the stored session is the one of the newest visit', () => {
  fc.assert(
    fc.property(fc.array(visit, { minLength: 1, maxLength: 20 }), (visits) => {
      let start = -1;
      let newest = -Infinity;
      const starts = visits.map(({ atMs }) => {
        if (atMs > newest + sessionGapMs) start = atMs;
        newest = Math.max(newest, atMs);
        return atMs < start - sessionGapMs ? atMs : start;
      });
      expect(sessionStarts(visits)).toEqual(starts);
      expect(readRecents(rowAfter(visits), types).sessionStartMs).toBe(start);
    }),
    { numRuns: 300 },
  );
});

test('in the order of time, two visits share a session exactly if no longer gap parts them', () => {
  fc.assert(
    fc.property(fc.array(visit, { minLength: 2, maxLength: 20 }), (unordered) => {
      const visits = unordered.toSorted((a, b) => a.atMs - b.atMs);
      const starts = sessionStarts(visits);
      for (const [n, { atMs }] of visits.entries()) {
        if (n === 0) continue;
        const gapMs = atMs - (visits[n - 1] as Visit).atMs;
        expect(starts[n] === starts[n - 1]).toBe(gapMs <= sessionGapMs);
      }
    }),
  );
});

const act = (atMs: number, itemId = 'a'): Visit => ({ itemId, atMs, typeIndex: 0 });
const startMs = 10 * sessionGapMs;

test.each([
  ['goes on as long as the gap', startMs + sessionGapMs, startMs],
  ['starts anew past the gap', startMs + sessionGapMs + 1, startMs + sessionGapMs + 1],
  ['keeps its start with a late visit a gap before it', startMs - sessionGapMs, startMs],
  [
    'is not that of a late visit further back',
    startMs - sessionGapMs - 1,
    startMs - sessionGapMs - 1,
  ],
])('a session %s', (_, atMs, expected) => {
  expect(sessionStarts([act(startMs), act(atMs, 'b')])[1]).toBe(expected);
});

test('a late visit does not move the session, whether it takes a place or not', () => {
  for (const late of [act(startMs - 1, 'b'), act(1, 'b'), act(1)])
    expect(readRecents(rowAfter([act(startMs), late]), types).sessionStartMs).toBe(startMs);
});

test('the newest visit is read from its place in the row', () => {
  const row = rowAfter([act(startMs), act(startMs + 7, 'b'), act(startMs + 3, 'c')]) as Buffer;
  expect(newestVisitMs(row)).toBe(startMs + 7);
});

test('a row of 20 items with 10-byte ids takes 387 bytes', () => {
  let row: Buffer | undefined;
  const wide = { types, recentItemsMax: 20 };
  for (let n = 0; n < 30; n++) {
    const visit = act(startMs + n, `item-${10_000 + n}`);
    row = noteVisit(row, readRecents(row, types), { visit, options: wide }) ?? row;
  }
  expect(row?.length).toBe(7 + 20 * 19);
});

test('refuses a row of another layout', () => {
  expect(() => readRecents(Buffer.from([9]), types)).toThrow('unknown layout');
});

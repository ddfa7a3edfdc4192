import { describe, expect, test } from 'vitest';
import { profileOf, visitedOnce } from '../profile.ts';
import { learnedRows } from './fixtures.ts';
import { mergeLadders } from './merged-ladder.ts';
import { find, type Found } from './union.ts';

const items = 40;
const log = Array.from({ length: 600 }, (_, n): [string, string] => [
  `u${n % 7}`,
  `item-${(n * n + 3 * (n % 11)) % items}`,
]);
const learned = learnedRows(log);
const ladder = mergeLadders(learned.rankings, 10);

/** Asked first for its figures, then for its list. */
const asked = (first: number, extras: readonly (readonly string[])[]) => {
  const recents = [0, 1, 2, 3].map((n) => `item-${(first * 5 + n * 3) % items}`);
  const profile = profileOf(
    `u${first}`,
    recents.map((itemId, n) => visitedOnce({ itemId, atMs: 1.7e12 - n, type: 'view' })),
  );
  const rows = new Map([...learned.rows].filter(([itemId]) => recents.includes(itemId)));
  const options = { recentItemsMax: 20, unionMax: 300, sources: extras };
  return {
    figures: () => find(profile, { rows, ladder, extras: [] }, options),
    list: () => find(profile, { rows, ladder, extras }, options),
  };
};

/** As it is now, whatever becomes of the memory that it lies in. */
const said = ({ itemIds, pairs, pairedVisits }: Found) => ({
  itemIds,
  ends: [...pairs.ends],
  places: [...pairs.pairOf],
  at: [...pairs.pairAt],
  visits: [...pairedVisits],
});

describe.each([
  ['alone', []],
  ['with a further source', [['item-7', 'new', 'item-39']]],
])('a union %s', (_, extras) => {
  test('does not depend on who else is asked for before it is ranked', () => {
    const all = [0, 1, 2, 3, 4, 5];
    const alone = all.map((first) => said(asked(first, extras).list()));
    const users = all.map((first) => asked(first, extras));
    for (const one of users) one.figures();
    const lists = users.map((one) => one.list());
    expect(lists.map(said)).toEqual(alone);
    for (const { itemIds } of lists) {
      expect(itemIds.length).toBeGreaterThan(10);
      expect(new Set(itemIds).size).toBe(itemIds.length);
    }
  });
});

import { describe, expect, test } from 'vitest';

import { ItemTable } from './item-table.ts';
import { diversified, explored } from './rearrange.ts';

const list = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ itemId: `i${n}`, score: 1 - n / 100 }));
const ids = (candidates: readonly { readonly itemId: string }[]): string =>
  candidates.map(({ itemId }) => itemId).join(' ');

/** Items of even numbers are tea, the others coffee; i0 to i3 are all tea. */
const items = new ItemTable();
for (let n = 0; n < 40; n++)
  items.take(`i${n}`, {
    item_id: `i${n}`,
    title: '',
    categories: [n < 4 || n % 2 === 0 ? 'tea' : 'coffee'],
    attributes: {},
    available_from: null,
    available_until: null,
  });

describe('diversity', () => {
  const off = { perCategoryMax: null, relevance: null, places: 4 };

  test('changes nothing where it is off, or nothing is known of items', () => {
    expect(diversified(list(8), items, off)).toEqual(list(8));
    expect(diversified(list(8), null, { ...off, perCategoryMax: 1 })).toEqual(list(8));
  });

  test('keeps a category to its number, and what was passed by follows', () => {
    const four = diversified(list(8), items, { ...off, perCategoryMax: 2 });
    expect(ids(four)).toBe('i0 i1 i5 i7 i2 i3 i4 i6');
    const one = diversified(list(8), items, { ...off, perCategoryMax: 1 });
    expect(ids(one)).toBe('i0 i5 i1 i2 i3 i4 i6 i7');
  });

  test('weighs likeness to what is above against the score', () => {
    const mixed = diversified(list(8), items, { ...off, relevance: 0.5 });
    expect(ids(mixed.slice(0, 2))).toBe('i0 i5');
    expect(new Set(mixed)).toEqual(new Set(diversified(list(8), items, off)));
    expect(diversified(list(8), items, { ...off, relevance: 1 })).toEqual(list(8));
  });
});

describe('exploration', () => {
  test('gives the stated share of places away, and says with what chance', () => {
    const counts = { explored: 0, places: 0 };
    for (let user = 0; user < 400; user++) {
      const made = explored(list(40), `u${user}`, { share: 0.2, places: 10 });
      expect(new Set(made.map(({ itemId }) => itemId)).size).toBe(40);
      for (const { itemId, propensity } of made.slice(0, 10)) {
        const isFromBehind = Number(itemId.slice(1)) >= 10;
        counts.explored += isFromBehind ? 1 : 0;
        counts.places += 1;
        if (isFromBehind) expect(propensity).toBeCloseTo(0.2 / 30, 10);
      }
      for (const { propensity } of made.slice(10)) expect(propensity).toBeUndefined();
    }
    expect(counts.explored / counts.places).toBeCloseTo(0.2, 1);
  });

  test('draws the same for the same list, and nothing where it is off or there is nothing behind', () => {
    const options = { share: 0.3, places: 5 };
    expect(explored(list(20), 'a', options)).toEqual(explored(list(20), 'a', options));
    expect(explored(list(20), 'b', options)).not.toEqual(explored(list(20), 'a', options));
    expect(explored(list(20), 'a', { ...options, share: 0 })).toEqual(list(20));
    expect(explored(list(5), 'a', options)).toEqual(list(5));
  });
});

import { expect, test } from 'vitest';

import { ofCategory } from './lists.ts';

test('what is left of a list in a category says no chances: they were of other places', () => {
  const items = { inCategory: (item: string, category: string) => item.startsWith(category) };
  const list = ['tea-1', 'cup-1', 'tea-2'].map((itemId) => ({ itemId, score: 1, propensity: 0.9 }));
  expect(ofCategory(list, 'tea', items)).toEqual([
    { itemId: 'tea-1', score: 1 },
    { itemId: 'tea-2', score: 1 },
  ]);
});

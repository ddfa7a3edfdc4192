import { expect, test } from 'vitest';

import type { Profile, World } from './model.ts';
import { learnsNothing, noSource } from './no-source.ts';

const profile = { userId: 'ann' } as Profile;
const world: World = { items: null, weights: null };
const listed = [
  { itemId: 'tea', score: 2 },
  { itemId: 'cup', score: 1 },
];

test('a list that rests on nothing learned is explained by its own places', () => {
  const retrieval = noSource('kind', {
    needsItems: true,
    rank: ({ userId }, given) => (userId === 'ann' && given === world ? listed : []),
    because:
      ({ userId }) =>
      (itemId) =>
        itemId === 'tea' ? userId : null,
  });
  expect(retrieval).toMatchObject({ sources: [], needsItems: true, trainer: null });
  expect([retrieval.wants(profile), retrieval.figures(profile, [], world)]).toEqual([[], []]);
  expect(retrieval.rank(profile, [], world)).toEqual(listed);
  expect(retrieval.explain?.(profile, [], world)).toEqual([
    { ...listed[0], proposals: [{ source: 'kind', score: 2, rank: 1 }], because: 'ann' },
    { ...listed[1], proposals: [{ source: 'kind', score: 1, rank: 2 }], because: null },
  ]);
});

test('whoever asks such a kind to learn is told so', () => {
  expect(() => learnsNothing('kind').itemSide({})).toThrow('kind learns nothing of items');
});

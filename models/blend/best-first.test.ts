import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestFirst, bestOf, placesById, ranked } from './best-first.ts';

/** Few different values, so that many are equal. */
const scores = fc.array(
  fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.double({ noNaN: true, min: 0, max: 10 })),
  { maxLength: 300 },
);

const sorted = (all: readonly number[]): number[] =>
  [...all.keys()].sort((a, b) => (all[b] as number) - (all[a] as number) || a - b);

test('best first is the order of a stable sort', () => {
  fc.assert(
    fc.property(scores, fc.nat(300), (all, count) => {
      const some = Math.min(count, all.length);
      const places = Int32Array.from(all.keys());
      bestFirst(places, some, Float64Array.from(all));
      expect([...places.subarray(0, some)]).toEqual(sorted(all.slice(0, some)));
      expect([...places.subarray(some)]).toEqual([...all.keys()].slice(some));
    }),
  );
});

test('the best of many are the first of all with a score', () => {
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 40 }), (all, count) => {
      const given = Float64Array.from([...all, 99]);
      const withScore = sorted(all).filter((place) => (all[place] as number) > 0);
      expect(bestOf(given, all.length, count)).toEqual(withScore.slice(0, count));
    }),
  );
});

test('places by id are in the order of strings', () => {
  const short = fc.string({
    unit: fc.constantFrom('a', 'b', '~', '\u007f', 'é', '0'),
    maxLength: 9,
  });
  const ids = fc.uniqueArray(
    fc.oneof(
      short,
      fc.string({ unit: 'binary' }),
      short.map((id) => `item-${id}`),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(ids, fc.constantFrom('', 'sku-', 'größe-'), (some, prefix) => {
      const members = some.map((id) => ({ itemId: prefix + id }));
      const sortedIds = members.map(({ itemId }) => itemId).sort();
      const places = placesById(members);
      expect(Array.from(places, (place) => members[place]?.itemId)).toEqual(sortedIds);
    }),
  );
});

test('equals are ranked by id', () => {
  const members = ['b', 'a', 'd', 'c'].map((itemId) => ({ itemId }));
  const places = ranked(Float64Array.of(1, 1, 2, 0), placesById(members));
  expect([...places]).toEqual([2, 1, 0]);
});

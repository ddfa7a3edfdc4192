import fc from 'fast-check';
import { expect, test } from 'vitest';
import { threshold } from './threshold.ts';

test('the threshold is the value at its place in order', () => {
  const values = fc.array(
    fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ noNaN: true, min: 0, max: 10 })),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 70 }), (all, count) => {
      const given = Float64Array.from([...all, 99]);
      const found = threshold(given, all.length, count);
      const sorted = all.toSorted((a, b) => b - a);
      expect(found).toBe(count >= all.length ? Number.NEGATIVE_INFINITY : sorted[count - 1]);
      expect([...given]).toEqual([...all, 99]);
    }),
  );
});

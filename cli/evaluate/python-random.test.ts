import { expect, test } from 'vitest';

import { PythonRandom } from './python-random.ts';

/** Printed by CPython 3.11: `random.seed(42); print(random.sample(range(n), k))`. */
test('draws what CPython draws', () => {
  expect(new PythonRandom(42).sample(100, 12)).toEqual([
    81, 14, 3, 94, 35, 31, 28, 17, 13, 86, 69, 11,
  ]);
  expect(new PythonRandom(42).sample(39_000, 8)).toEqual([
    7296, 1639, 18024, 16049, 14628, 9144, 6717, 35741,
  ]);
  expect(new PythonRandom(42).sample(35_000, 5_000).slice(-3)).toEqual([20456, 21029, 13143]);
  expect(new PythonRandom(7).sample(1_000_000, 300).slice(-4)).toEqual([
    997180, 998266, 553918, 379324,
  ]);
});

test('draws each at most once, and no more than there are', () => {
  const drawn = new PythonRandom(1).sample(500, 500);
  expect(drawn.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  expect(() => new PythonRandom(1).sample(3, 4)).toThrow('cannot be drawn');
});

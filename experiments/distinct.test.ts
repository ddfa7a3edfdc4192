import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { distinctOf } from './distinct.ts';

/** As the fold notes an item: ten bits choose a register, 32 others have the run of zeros. */
const sketchOf = (from: number, to: number): Uint8Array => {
  const sketch = new Uint8Array(1_024);
  for (let item = from; item < to; item++) {
    const hash = createHash('md5').update(String(item)).digest();
    const register = hash.readUInt16LE(0) & 1_023;
    const run = Math.clz32(hash.readUInt32LE(4)) + 1;
    if (run > (sketch[register] ?? 0)) sketch[register] = run;
  }
  return sketch;
};

test.each([0, 1, 10, 300, 3_000, 30_000])('says about how many of %i there were', (count) => {
  const said = distinctOf([sketchOf(0, count)]);
  expect(Math.abs(said - count)).toBeLessThanOrEqual(Math.max(1, 0.1 * count));
});

test('what two partitions saw counts once', () => {
  const said = distinctOf([sketchOf(0, 3_000), sketchOf(1_000, 4_000)]);
  expect(Math.abs(said - 4_000)).toBeLessThan(400);
  expect(distinctOf([])).toBe(0);
});

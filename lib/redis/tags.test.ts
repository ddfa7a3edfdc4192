import { expect, test } from 'vitest';

import { slotOf, slotsMax } from './slot.ts';
import { type Family, partitionsMax, tagOf } from './tags.ts';

const families: readonly Family[] = ['user', 'item', 'source'];
const slot = (tag: string): number => slotOf(tag.slice(1, -1));

test('golden: tags are part of the names of stored keys, so the table never changes', () => {
  const first = [0, 1, 2, 3].map((partition) =>
    families.map((of) => tagOf(of, partition)).join(' '),
  );
  expect(first).toEqual(['{Qi} {8M} {O8}', '{7e} {4e} {1e}', '{Ds} {OC} {Fk}', '{bo} {mG} {86}']);
});

test('every family and partition has a tag of its own, four characters long', () => {
  const tags = families.flatMap((of) =>
    Array.from({ length: partitionsMax }, (_, partition) => tagOf(of, partition)),
  );
  expect(new Set(tags).size).toBe(tags.length);
  for (const tag of tags) expect(tag).toMatch(/^\{[A-Za-z0-9]{2}\}$/);
});

test('a power of two of partitions lies evenly over as many nodes', () => {
  for (const nodes of [2, 4, 8]) {
    for (const of of families) {
      const counts = Array.from({ length: nodes }, () => 0);
      for (let partition = 0; partition < nodes * 4; partition += 1) {
        counts[Math.floor((slot(tagOf(of, partition)) / slotsMax) * nodes)]! += 1;
      }
      for (const count of counts) expect(Math.abs(count - 4)).toBeLessThanOrEqual(1);
    }
  }
});

test('more partitions than there are tags for are refused', () => {
  expect(() => tagOf('user', partitionsMax)).toThrow(RangeError);
});

import { expect, test } from 'vitest';

import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { packOf } from './fakes.ts';
import { packExamples } from './packing.ts';

const partitions = 4;
const named = (partition: number, count: number): string[] =>
  Array.from({ length: 100 }, (_, n) => `weights-${n}`)
    .filter((name) => partitionOf(name, partitions) === partition)
    .slice(0, count);
const [here = '', there = ''] = named(2, 2);
const [other = ''] = named(0, 1);

const packed = (packBytesMax: number, examples: readonly (readonly [number, string])[]) =>
  packExamples(
    examples.map(([offset, weights]) => ({
      offset,
      weights,
      kind: 'toy',
      example: Buffer.from('e'),
    })),
    { lineage: 'l', partition: 3 },
    {
      topic: 't',
      partitions,
      packBytesMax,
      encode: (pack) => Buffer.from(JSON.stringify(pack)),
    },
  ).map(({ partition, value }) => {
    const { examples: own, ...pack } = packOf(value ?? null);
    return { partition, offsets: own.map(({ offset }) => offset), ...pack };
  });

test('examples go to the partition of their weights, in the order of positions', () => {
  expect(
    packed(1_000, [
      [7, other],
      [5, there],
      [2, here],
      [5, here],
    ]),
  ).toEqual([
    {
      partition: 2,
      offsets: [2, 5, 5],
      lineage: 'l',
      source_partition: 3,
      first_offset: 2,
      last_offset: 5,
    },
    {
      partition: 0,
      offsets: [7],
      lineage: 'l',
      source_partition: 3,
      first_offset: 7,
      last_offset: 7,
    },
  ]);
  expect(packed(1_000, [])).toEqual([]);
});

test('a full pack is closed between two interactions, never within one', () => {
  const packs = packed(1, [
    [1, here],
    [1, there],
    [2, here],
    [3, here],
    [3, there],
  ]);
  expect(packs.map(({ offsets }) => offsets)).toEqual([[1, 1], [2], [3, 3]]);
});

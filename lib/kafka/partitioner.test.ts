import { expect, test } from 'vitest';

import { partitionOf } from './partitioner.ts';

/** org.apache.kafka.common.utils.UtilsTest, testMurmur2. */
const vectors: readonly [key: string, murmur2: number][] = [
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
];

test.for(vectors)('%s goes where the Java client sends it', ([key, murmur2]) => {
  for (const partitions of [1, 4, 1_000, 0x7fffffff]) {
    expect(partitionOf(key, partitions)).toBe((murmur2 & 0x7fffffff) % partitions);
  }
});

test('text counts as its UTF-8 bytes', () => {
  expect(partitionOf('é日🦉', 1_000)).toBe(partitionOf(Buffer.from('é日🦉'), 1_000));
});

test('ids with a common beginning spread evenly', () => {
  const counts = [0, 0, 0, 0];
  for (let n = 0; n < 8_000; n += 1) counts[partitionOf(`user-${n}`, 4)]! += 1;
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
});

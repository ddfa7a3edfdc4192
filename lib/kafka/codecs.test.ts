import { expect, test } from 'vitest';
import snappy from 'snappy';

import { unsnappy } from './codecs.ts';
import { kafkajs } from './kafkajs.ts';

const text = Buffer.from('freshet '.repeat(10_000));
const { CompressionCodecs, CompressionTypes } = kafkajs;

test.for([
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const)('%s packs and unpacks', async ([, type]) => {
  const codec = CompressionCodecs[type]();
  const packed = (await codec.compress({ buffer: text })) as Buffer;
  expect(packed.length).toBeLessThan(text.length / 10);
  expect(Buffer.compare((await codec.decompress(packed)) as Buffer, text)).toBe(0);
});

test('snappy as the Java client frames it is read too', async () => {
  const frame = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const blocks = await Promise.all(
    [text.subarray(0, 32_768), text.subarray(32_768)].map(async (part) => {
      const packed = await snappy.compress(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(packed.length);
      return Buffer.concat([length, packed]);
    }),
  );
  expect(Buffer.compare(await unsnappy(Buffer.concat([frame, ...blocks])), text)).toBe(0);
});

test('a zstd batch that expands without end is refused', async () => {
  const codec = CompressionCodecs[CompressionTypes.ZSTD]();
  const bomb = (await codec.compress({ buffer: Buffer.alloc(65 * 1024 * 1024) })) as Buffer;
  expect(bomb.length).toBeLessThan(100_000);
  await expect(codec.decompress(bomb)).rejects.toThrow();
});

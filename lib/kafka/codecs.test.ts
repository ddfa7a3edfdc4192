import { expect, test } from 'vitest';
import snappy from 'snappy';

import { unsnappy } from './codecs.ts';
import { kafkajs } from './kafkajs.ts';

const text = Buffer.from('freshet '.repeat(10_000));
const { CompressionCodecs, CompressionTypes } = kafkajs;

const all = [
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const;

test.for(all)('%s packs and unpacks', async ([, type]) => {
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

test.for(all)('a %s batch that expands without end is refused', async ([, type]) => {
  const codec = CompressionCodecs[type]();
  const bomb = (await codec.compress({ buffer: Buffer.alloc(70 * 1024 * 1024) })) as Buffer;
  expect(bomb.length).toBeLessThan(4_000_000);
  await expect(Promise.resolve(codec.decompress(bomb))).rejects.toThrow(
    'batch expands to more than 64 MiB',
  );
});

test('a few bytes that claim gigabytes are refused before memory is taken', async () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
  await expect(unsnappy(claim)).rejects.toThrow('expands to more than 64 MiB');
  await expect(unsnappy(Buffer.from([0xff]))).rejects.toThrow('no length');
  const sized = Buffer.alloc(19);
  sized.writeUInt32LE(0x184d2204);
  sized.writeUInt8(0x68, 4);
  sized.writeUInt8(0x40, 5);
  sized.writeBigUInt64LE(2n ** 40n, 6);
  const lz4 = CompressionCodecs[CompressionTypes.LZ4]();
  await expect(Promise.resolve(lz4.decompress(sized))).rejects.toThrow('more than 64 MiB');
});

test('what fills its blocks is let through up to the limit', async () => {
  const lz4 = CompressionCodecs[CompressionTypes.LZ4]();
  const large = Buffer.alloc(60 * 1024 * 1024);
  const packed = (await lz4.compress({ buffer: large })) as Buffer;
  expect(((await lz4.decompress(packed)) as Buffer).length).toBe(large.length);
});

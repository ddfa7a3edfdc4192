// A foreign producer that compresses with a codec we lack would be a poison *batch* that kills the
// consumer, so all four codecs of Kafka are registered in every process (CLIENT-TRAPS A9).
import { compressFrame, decompressFrame } from 'lz4-napi';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import snappy from 'snappy';

import { kafkajs } from './kafkajs.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** A batch that expands past this is refused: a 1 MiB zstd batch can hold gigabytes of zeros. */
const inflatedBytesMax = 64 * 1024 * 1024;

interface Encoder {
  readonly buffer: Buffer;
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const xerialHeaderBytes = 16;

/** The Java client frames snappy in blocks (xerial): magic, versions, then length-prefixed blocks. */
export async function unsnappy(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return uncompressBlock(bytes);
  const blocks: Buffer[] = [];
  let inflatedBytes = 0;
  for (let at = xerialHeaderBytes; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const block = await uncompressBlock(bytes.subarray(at + 4, at + 4 + size));
    inflatedBytes += block.length;
    if (inflatedBytes > inflatedBytesMax) throw new RangeError('a snappy batch expands too far');
    blocks.push(block);
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

async function uncompressBlock(block: Buffer): Promise<Buffer> {
  return (await snappy.uncompress(block, { asBuffer: true })) as Buffer;
}

const zstd = promisify(zstdCompress);
const unzstd = promisify(zstdDecompress);

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: (encoder: Encoder) => snappy.compress(encoder.buffer),
  decompress: unsnappy,
});
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder: Encoder) => compressFrame(encoder.buffer),
  decompress: (bytes: Buffer) => decompressFrame(bytes),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: Encoder) => zstd(encoder.buffer),
  decompress: (bytes: Buffer) => unzstd(bytes, { maxOutputLength: inflatedBytesMax }),
});

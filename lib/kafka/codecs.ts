// A foreign producer that compresses with a codec we lack would be a poison *batch* that kills the
// consumer, so all four codecs of Kafka are registered in every process.
import { compressFrame, decompressFrame } from 'lz4-napi';
import { promisify } from 'node:util';
import { gzip, unzip, zstdCompress, zstdDecompress } from 'node:zlib';
import snappy from 'snappy';

import { inflatedBytesMax, lz4Bytes, refuseLarge, snappyBytes, tooLarge } from './inflate.ts';
import { kafkajs } from './kafkajs.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

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
    const block = bytes.subarray(at + 4, at + 4 + size);
    inflatedBytes += snappyBytes(block);
    refuseLarge('snappy', inflatedBytes);
    blocks.push(await uncompressBlock(block));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

async function uncompressBlock(block: Buffer): Promise<Buffer> {
  refuseLarge('snappy', snappyBytes(block));
  return (await snappy.uncompress(block, { asBuffer: true })) as Buffer;
}

const zstd = promisify(zstdCompress);
const unzstd = promisify(zstdDecompress);
const zip = promisify(gzip);
const limit = { maxOutputLength: inflatedBytesMax };
const ungzip = promisify(unzip);

/** Node's own words for it name a buffer, and no cause. */
async function bounded(codec: string, work: Promise<Buffer>): Promise<Buffer> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw tooLarge(codec);
  }
}

/** The client's own has no limit. */
CompressionCodecs[CompressionTypes.GZIP] = () => ({
  compress: (encoder: Encoder) => zip(encoder.buffer),
  decompress: (bytes: Buffer) => bounded('gzip', ungzip(bytes, limit)),
});

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: (encoder: Encoder) => snappy.compress(encoder.buffer),
  decompress: unsnappy,
});
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder: Encoder) => compressFrame(encoder.buffer),
  decompress: async (bytes: Buffer) => {
    refuseLarge('lz4', lz4Bytes(bytes));
    return decompressFrame(bytes);
  },
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: Encoder) => zstd(encoder.buffer),
  decompress: (bytes: Buffer) => bounded('zstd', unzstd(bytes, limit)),
});

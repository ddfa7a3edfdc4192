/**
 * How large what is compressed says it is, read before anything of it is unpacked: packages take
 * their memory by what a frame claims, and a few bytes can claim gigabytes.
 */

/** A batch that expands past this is refused: a 1 MiB zstd batch can hold gigabytes of zeros. */
export const inflatedBytesMax = 64 * 1024 * 1024;

export const tooLarge = (codec: string): RangeError =>
  new RangeError(
    `a ${codec} batch expands to more than ${inflatedBytesMax / 1024 / 1024} MiB: whoever sent it ` +
      'means harm, or batches far too much',
  );

export function refuseLarge(codec: string, bytes: number): void {
  if (bytes > inflatedBytesMax) throw tooLarge(codec);
}

/** A block of snappy begins with its length, seven bits per byte, the lowest first. */
export function snappyBytes(block: Buffer): number {
  let bytes = 0;
  for (let at = 0; at < 5; at += 1) {
    const part = block[at];
    if (part === undefined) break;
    bytes += (part & 0x7f) * 2 ** (7 * at);
    if (part < 0x80) return bytes;
  }
  throw new RangeError('a snappy block has no length');
}

const lz4Magic = 0x184d2204;

/**
 * At most what an lz4 frame holds, or a block less: blocks are full but for the last, as all writers
 * of Kafka have them. What is no frame is left to the package to refuse.
 */
export function lz4Bytes(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== lz4Magic) return 0;
  const flags = frame.readUInt8(4);
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const blockBytesMax = 2 ** (8 + 2 * ((frame.readUInt8(5) >> 4) & 7));
  const [sized, checked] = [has(0x08), has(0x10)];
  const claimed = sized && frame.length >= 14 ? Number(frame.readBigUInt64LE(6)) : 0;
  let blocks = 0;
  for (let at = 7 + (sized ? 8 : 0) + (has(0x01) ? 4 : 0); at + 4 <= frame.length; ) {
    const size = frame.readUInt32LE(at) & 0x7fffffff;
    if (size === 0) break;
    blocks += 1;
    at += 4 + size + (checked ? 4 : 0);
  }
  return Math.max(claimed, (blocks - 1) * blockBytesMax);
}

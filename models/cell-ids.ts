/** The widest id of a cell, in words of 4 bytes: a row's width is stored in one byte. */
export const wordsMax = 255;

/** Longer ids cannot be neighbours. */
export const idBytesMax = 4 * wordsMax;

/** The id last encoded: `length` bytes of `bytes`, and a hash of them. One scratch for all rows. */
export const scratch = { bytes: Buffer.alloc(idBytesMax + 4), length: 0, mark: 0 };

/** FNV-1a's offset, as the signed number that a row's hashes are: `''` has nothing else. */
const basis = 0x811c9dc5 | 0;

/** Encodes `id` into the scratch; false when it is too long. */
export const encodeId = (id: string): boolean => {
  const { bytes } = scratch;
  let length = id.length;
  if (length > idBytesMax) return false;
  let mark = basis;
  for (let index = 0; index < length; index++) {
    const code = id.charCodeAt(index);
    if (code > 0x7f) return encodeWideId(id);
    bytes[index] = code;
    mark = Math.imul(mark ^ code, 0x01000193);
  }
  scratch.length = length;
  scratch.mark = mark;
  return true;
};

const encodeWideId = (id: string): boolean => {
  const { bytes } = scratch;
  if (Buffer.byteLength(id) > idBytesMax) return false;
  scratch.length = bytes.write(id, 0, idBytesMax, 'utf8');
  scratch.mark = markOf(bytes, 0, scratch.length);
  return true;
};

/** FNV-1a of the id that starts at `start`, up to its padding or `end`. */
export const markOf = (bytes: Uint8Array, start: number, end: number): number => {
  let mark = basis;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte === 0xff) break;
    mark = Math.imul(mark ^ byte, 0x01000193);
  }
  return mark;
};

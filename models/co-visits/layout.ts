/**
 * A stored row, little-endian:
 *
 * | at | what |
 * | --- | --- |
 * | 0 | u8 layout |
 * | 1 | u8 width of an id in words of 4 bytes |
 * | 2 | u16 cells used |
 * | 4 | u16 cells there is room for |
 * | 6 | u16 unused, 0 |
 * | 8 | i32 epoch: weights count in units of 2^epoch (see neighbourhood.ts) |
 * | 12 | u32 visits of the item, never decayed |
 * | 16 | f64 decayed visits of the item |
 * | 24 | cells: [f32 weight][f32 error][id, padded with 0xFF] |
 *
 * Cells have one width, so that a change is a patch in place; the padding byte occurs in no UTF-8,
 * so an id needs no length. Everything is a multiple of 4, so that weights can be read as floats
 * in place.
 */
export const layoutVersion = 1;
export const headBytes = 24;
export const at = { layout: 0, words: 1, used: 2, capacity: 4, epoch: 8, visits: 12, own: 16 };

/** Room grows in these steps up to the configured number, so that most growth is a patch. */
const steps = [8, 16, 32, 64, 128, 256, 512];
export const capacityFor = (cells: number, cellsMax: number): number =>
  Math.min(cellsMax, steps.find((step) => step >= cells) ?? cellsMax);

export const wordsMax = 255;
export const cellBytes = (words: number): number => 8 + 4 * words;

/** Longer ids cannot be neighbours. */
export const idBytesMax = 4 * wordsMax;

/** The id last encoded: `length` bytes of `bytes`, and a hash of them. One scratch for all rows. */
export const scratch = { bytes: Buffer.alloc(idBytesMax + 4), length: 0, mark: 0 };

/** Encodes `id` into the scratch; false when it is too long. */
export const encodeId = (id: string): boolean => {
  const { bytes } = scratch;
  let length = id.length;
  if (length > idBytesMax) return false;
  let mark = 0x811c9dc5;
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
  let mark = 0x811c9dc5;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte === 0xff) break;
    mark = Math.imul(mark ^ byte, 0x01000193);
  }
  return mark;
};

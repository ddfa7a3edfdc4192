/**
 * Stored rows, little-endian. Both begin with 16 bytes:
 *
 * | at | of an item | of an actor |
 * | --- | --- | --- |
 * | 0 | u8 layout | u8 layout |
 * | 1 | u8 0 | u8 1 |
 * | 2 | u16 cells there is room for | u16 items |
 * | 4 | u16 cells used | u32 user |
 * | 6 | u16 the cell that is overwritten next | |
 * | 8 | u32 actors so far, those no longer listed too | u32 own key |
 * | 12 | u32 newest visit, in seconds | u32 newest visit, in seconds |
 * | 16 | cells: [u32 user][u32 own key][u32 seconds] | items: [u8 weight][u8 length][id] |
 */
export const layoutVersion = 1;
export const headBytes = 16;
export const cellBytes = 12;
export const rowSort = { item: 0, actor: 1 };
export const itemHeadBytes = 2;
/** Longer ids are in no actor's list: its row has to be bounded. */
export const idBytesMax = 255;

/** An actor's row is at most so long. */
export const actorBytesMax = (itemsMax: number): number =>
  headBytes + itemsMax * (itemHeadBytes + idBytesMax);

/** Weights in eighths of an octave around 128, which is 1: a byte for 0.00002 to 60,000. */
export const packWeight = (weight: number): number =>
  Math.min(255, Math.max(1, 128 + Math.round(8 * Math.log2(weight))));

export const weights: Float64Array = Float64Array.from(
  { length: 256 },
  (_, packed) => 2 ** ((packed - 128) / 8),
);

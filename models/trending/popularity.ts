import type { RowCodec } from '../model.ts';

/**
 * An item's popularity: log2 of the sum of weight * 2^(time / half-life) over its events. Compared
 * at one moment this ranks like the exponentially decayed count, and it needs no rewriting while
 * time passes: forward decay (Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009), kept as a logarithm
 * so that it can never overflow.
 */
export interface Popularity {
  log2Weight: number;
  events: number;
  /** Event time of the newest event. */
  lastMs: number;
  /** Event time of the first event that was folded; a late one does not move it. */
  firstMs: number;
}

/** Of an item whose first event occurred at `firstMs`. */
export const noPopularity = (firstMs: number): Popularity => ({
  log2Weight: Number.NEGATIVE_INFINITY,
  events: 0,
  lastMs: 0,
  firstMs,
});

/** log2(2^a + 2^b). The larger one leads, so the result never falls below it. */
export const addLog2 = (a: number, b: number): number => {
  const high = Math.max(a, b);
  const low = Math.min(a, b);
  if (low === Number.NEGATIVE_INFINITY) return high;
  return high + Math.log1p(2 ** (low - high)) * Math.LOG2E;
};

export const popularityLayout = 2;
export const popularityBytes = 25;

/** [u8 layout][f64 log2Weight][u32 events][u48 lastMs][u48 firstMs], little-endian. */
export const popularityRows: RowCodec<Popularity> = {
  decode(bytes) {
    if (bytes.length !== popularityBytes || bytes[0] !== popularityLayout)
      throw new Error(`trending: a stored row has an unknown layout (${bytes.length} bytes)`);
    return {
      log2Weight: bytes.readDoubleLE(1),
      events: bytes.readUInt32LE(9),
      lastMs: bytes.readUIntLE(13, 6),
      firstMs: bytes.readUIntLE(19, 6),
    };
  },
  encode(row) {
    const bytes = Buffer.allocUnsafe(popularityBytes);
    bytes[0] = popularityLayout;
    bytes.writeDoubleLE(row.log2Weight, 1);
    bytes.writeUInt32LE(row.events, 9);
    bytes.writeUIntLE(row.lastMs, 13, 6);
    bytes.writeUIntLE(row.firstMs, 19, 6);
    return { whole: bytes };
  },
  bytes: () => popularityBytes,
};

import type { RowCodec } from '../model.ts';

/**
 * What happened to an item within a window of time, as sums over its parts: the present part and
 * the ones before it, so that the window moves part by part (the basic windows of Zhu, Shasha,
 * StatStream, VLDB 2002). It covers the last 11 to 12 twelfths of the configured time, exactly.
 */
export const parts = 12;

export interface Window {
  /** Number of the newest part that has an event: time divided by a part's length. */
  newest: number;
  /** Sum of part p at `p % parts`; parts before `newest - parts + 1` are gone. 32-bit floats. */
  readonly sums: Float32Array;
  /** Events ever. */
  events: number;
}

export const emptyWindow = (part: number): Window => ({
  newest: part,
  sums: new Float32Array(parts),
  events: 0,
});

/** Adds to a part; false when that part is gone, and nothing was changed. */
export const addToPart = (window: Window, part: number, weight: number): boolean => {
  if (part <= window.newest - parts) return false;
  for (let next = Math.max(window.newest + 1, part - parts + 1); next <= part; next++)
    window.sums[next % parts] = 0;
  window.newest = Math.max(window.newest, part);
  window.sums[part % parts] = (window.sums[part % parts] as number) + weight;
  window.events = Math.min(window.events + 1, 0xffffffff);
  return true;
};

/** The sum of the window that ends with part `now`, which is not before the newest one. */
export const sumAt = ({ newest, sums }: Pick<Window, 'newest' | 'sums'>, now: number): number => {
  let sum = 0;
  for (let part = Math.max(0, now - parts + 1); part <= newest; part++)
    sum += sums[part % parts] as number;
  return sum;
};

export const windowLayout = 3;
const headBytes = 9;
export const windowBytes = headBytes + 4 * parts;

/** [u8 layout][u32 events][u32 newest][f32 sum] * parts, little-endian. */
export const windowRows: RowCodec<Window> = {
  decode(bytes) {
    if (bytes.length !== windowBytes || bytes[0] !== windowLayout)
      throw new Error(`trending: a stored row has an unknown layout (${bytes.length} bytes)`);
    return {
      events: bytes.readUInt32LE(1),
      newest: bytes.readUInt32LE(5),
      sums: readSums(bytes, headBytes),
    };
  },
  encode(row) {
    const bytes = Buffer.allocUnsafe(windowBytes);
    bytes[0] = windowLayout;
    bytes.writeUInt32LE(row.events, 1);
    bytes.writeUInt32LE(row.newest, 5);
    writeSums(bytes, headBytes, row.sums);
    return { whole: bytes };
  },
  bytes: () => windowBytes,
};

export const readSums = (bytes: Buffer, at: number): Float32Array =>
  Float32Array.from({ length: parts }, (_, part) => bytes.readFloatLE(at + 4 * part));

export const writeSums = (bytes: Buffer, at: number, sums: Float32Array): void => {
  for (let part = 0; part < parts; part++) bytes.writeFloatLE(sums[part] as number, at + 4 * part);
};

import { at, cellBytes, headBytes, layoutVersion } from './layout.ts';

/** What retrieval reads of a stored row, without making objects of its cells. */
export interface StoredRow {
  readonly bytes: Buffer;
  readonly used: number;
  readonly stride: number;
  /** Decayed visits of the item, and of what unit: 2^epoch. */
  readonly own: number;
  readonly epoch: number;
}

/** Null for what is missing or cut off: retrieval goes on with what it has. */
export const readRow = (bytes: Buffer | undefined): StoredRow | null => {
  const head = readHead(bytes);
  if (bytes === undefined || head === null) return null;
  const stride = cellBytes(bytes[at.words] as number);
  const used = bytes.readUInt16LE(at.used);
  if (bytes.length < headBytes + used * stride) return null;
  return { bytes, used, stride, ...head };
};

/** The small figures: enough for an item that is only a candidate. */
export const readHead = (
  bytes: Buffer | undefined,
): { readonly own: number; readonly epoch: number } | null =>
  bytes === undefined || bytes.length < headBytes || bytes[at.layout] !== layoutVersion
    ? null
    : { own: bytes.readDoubleLE(at.own), epoch: bytes.readInt32LE(at.epoch) };

/** The id that starts at `start`, up to its padding or `end`. */
export const idAt = (bytes: Buffer, start: number, end: number): string => {
  let stop = end;
  while (stop > start && bytes[stop - 1] === 0xff) stop--;
  return bytes.toString('utf8', start, stop);
};

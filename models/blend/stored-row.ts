import { at, cellBytes, headBytes, layoutVersion, rungHalfLives } from './layout.ts';

/** What retrieval reads of a stored row, without making objects of its cells. */
export interface StoredRow {
  readonly bytes: Buffer;
  readonly floats: Float32Array;
  readonly marks: Int32Array;
  readonly used: number;
  readonly stride: number;
  readonly head: Head;
}

/** The small figures of an item. */
export interface Head {
  readonly bytes: Buffer;
  readonly visits: number;
}

/** Null for what is missing or cut off: retrieval goes on with what it has. */
export const readRow = (stored: Buffer | undefined): StoredRow | null => {
  const head = readHead(stored);
  if (stored === undefined || head === null) return null;
  const stride = cellBytes(stored[at.words] as number);
  const used = stored.readUInt16LE(at.used);
  const size = headBytes + used * stride;
  if (stored.length < size) return null;
  const bytes = aligned(stored, size);
  return {
    bytes,
    floats: new Float32Array(bytes.buffer, bytes.byteOffset, size >> 2),
    marks: new Int32Array(bytes.buffer, bytes.byteOffset, size >> 2),
    used,
    stride,
    head,
  };
};

/** Replies of the store lie anywhere; floats are read in place only on their boundaries. */
const aligned = (stored: Buffer, size: number): Buffer => {
  if (stored.byteOffset % 4 === 0) return stored;
  const copy = Buffer.from(new ArrayBuffer(size));
  stored.copy(copy, 0, 0, size);
  return copy;
};

export const readHead = (bytes: Buffer | undefined): Head | null =>
  bytes === undefined || bytes.length < headBytes || bytes[at.layout] !== layoutVersion
    ? null
    : {
        bytes,
        visits: bytes.readUInt32LE(at.visits),
      };

/** Log2 of the visits by rung; the last rung is all time. */
export const rungOfHead = ({ bytes, visits }: Head, rung: number): number =>
  rung < rungHalfLives.length ? bytes.readDoubleLE(at.rungs + 8 * rung) : Math.log2(visits);

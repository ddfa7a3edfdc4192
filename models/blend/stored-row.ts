import { at, cellBytes, headBytes, layoutVersion } from './layout.ts';

/** What retrieval reads of a stored row, without making objects of its cells. */
export interface StoredRow {
  readonly bytes: Buffer;
  /** The same bytes as numbers. */
  readonly floats: Float32Array;
  readonly words: Int32Array;
  readonly used: number;
  readonly stride: number;
  /** What is asked for often of the figures at its head. */
  readonly head: { readonly visits: number };
}

/** The small figures of an item: at least the bytes at the head of its row. */
export type Head = Buffer;

/** Null for what is missing or cut off: retrieval goes on with what it has. */
export const readRow = (stored: Buffer | undefined): StoredRow | null => {
  const head = readHead(stored);
  if (head === null) return null;
  const stride = cellBytes(head[at.words] as number);
  const used = head.readUInt16LE(at.used);
  const size = headBytes + used * stride;
  if (head.length < size) return null;
  const bytes = aligned(head, size);
  return {
    bytes,
    floats: new Float32Array(bytes.buffer, bytes.byteOffset, size >> 2),
    words: new Int32Array(bytes.buffer, bytes.byteOffset, size >> 2),
    used,
    stride,
    head: { visits: visitsOf(head) },
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
    : bytes;

export const visitsOf = (head: Head): number => head.readUInt32LE(at.visits);

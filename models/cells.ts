import { markOf, scratch } from './cell-ids.ts';
import type { RowCodec } from './model.ts';
import { noted, writeOf } from './patches.ts';

/**
 * A row of cells, little-endian: what a kind keeps per neighbour of an item.
 *
 * | at | what |
 * | --- | --- |
 * | 0 | u8 layout |
 * | 1 | u8 width of an id in words of 4 bytes |
 * | 2 | u16 cells used |
 * | 4 | u16 cells there is room for |
 * | 6 | the kind's own head, up to `headBytes` |
 * | headBytes | cells: the kind's own columns, then at `idAt` the id, padded with 0xFF |
 *
 * Cells have one width, so that a change is a patch in place; the padding byte occurs in no UTF-8,
 * so an id needs no length. Everything is a multiple of 4, so that columns can be read as floats
 * in place.
 */
export const headAt = { layout: 0, words: 1, used: 2, capacity: 4 } as const;

/** What differs between the kinds. */
export interface CellLayout {
  readonly version: number;
  readonly headBytes: number;
  /** Where in a cell its id begins. */
  readonly idAt: number;
  /** Whether a cell's first word is the hash of its id; otherwise hashes are made on reading. */
  readonly storesMarks: boolean;
  /** Cells that a new row has room for. */
  readonly roomMin: number;
}

const wordsMin = 2;

/** Room grows in these steps up to the configured number, so that most growth is a patch. */
const steps = [4, 8, 16, 32, 64, 128, 256, 512];
export const roomFor = (cells: number, cellsMax: number): number =>
  Math.min(cellsMax, steps.find((step) => step >= cells) ?? cellsMax);

/**
 * The row in memory: the stored bytes themselves, edited in place, with columns seen as floats and
 * one hash per id to search by. Because the stored form is the state, decoding what was encoded
 * gives the same row, and it cannot matter where a log was cut.
 */
export class Cells {
  bytes: Buffer;
  floats: Float32Array;
  marks: Int32Array;
  used: number;
  capacity: number;
  words: number;
  /** Bytes of a cell. */
  size: number;
  /** Cells changed since the last encode; null: the row must be written whole. */
  changed: number[] | null;
  headChanged = false;
  readonly layout: CellLayout;

  constructor(layout: CellLayout, bytes: Buffer, stored: boolean) {
    this.layout = layout;
    this.bytes = bytes;
    this.words = bytes[headAt.words] as number;
    this.size = layout.idAt + 4 * this.words;
    this.used = bytes.readUInt16LE(headAt.used);
    this.capacity = bytes.readUInt16LE(headAt.capacity);
    this.floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.marks = marksOf(layout, bytes, this.capacity);
    this.changed = stored ? [] : null;
    if (layout.storesMarks) return;
    for (let cell = 0; cell < this.used; cell++) {
      const start = layout.headBytes + cell * this.size;
      this.marks[cell] = markOf(bytes, start + layout.idAt, start + this.size);
    }
  }

  /** The cell of the id in the scratch, or -1. */
  find(): number {
    const { marks, bytes, used, size } = this;
    const { headBytes, idAt, storesMarks } = this.layout;
    const { mark, length, bytes: id } = scratch;
    const step = storesMarks ? size >> 2 : 1;
    for (let cell = 0, at = storesMarks ? headBytes >> 2 : 0; cell < used; cell++, at += step) {
      if (marks[at] !== mark) continue;
      const start = headBytes + cell * size + idAt;
      let same = 0;
      while (same < length && bytes[start + same] === id[same]) same++;
      if (same === length && (length === size - idAt || bytes[start + length] === 0xff))
        return cell;
    }
    return -1;
  }

  /** A new cell, wide enough for the id in the scratch; -1: another must go, all are wide enough. */
  append(cellsMax: number): number {
    if (scratch.length > 4 * this.words) this.#layOut((scratch.length + 3) >> 2, this.capacity);
    if (this.used === this.capacity && this.used < cellsMax)
      this.#layOut(this.words, roomFor(this.used + 1, cellsMax));
    if (this.used === this.capacity) return -1;
    this.headChanged = true;
    return this.used++;
  }

  /** Gives the cell to the id in the scratch; its columns are left as they are. */
  putId(cell: number): void {
    const { bytes, size } = this;
    const { headBytes, idAt, storesMarks } = this.layout;
    const { mark, length, bytes: id } = scratch;
    const start = headBytes + cell * size;
    this.marks[storesMarks ? start >> 2 : cell] = mark;
    for (let index = 0; index < length; index++) bytes[start + idAt + index] = id[index] as number;
    bytes.fill(0xff, start + idAt + length, start + size);
  }

  /** `at`: where in a cell the column lies. Exact where the factor is a power of two. */
  scale(at: number, factor: number): void {
    const { floats, layout, size, used } = this;
    const end = (layout.headBytes + used * size) >> 2;
    for (let index = (layout.headBytes + at) >> 2; index < end; index += size >> 2)
      floats[index] = (floats[index] as number) * factor;
    this.changed = null;
  }

  /** A cell is not as it is stored. */
  touch(cell: number): void {
    this.changed = noted(this.changed, cell);
  }

  /** Gives every cell another width or the row another size. The scratch is left as it is. */
  #layOut(words: number, capacity: number): void {
    const { layout, bytes, size, marks, used } = this;
    const wider = layout.idAt + 4 * words;
    const next = blank(layout, words, capacity);
    bytes.copy(next, 0, 0, layout.headBytes);
    for (let cell = 0; cell < used; cell++) {
      const from = layout.headBytes + cell * size;
      const to = layout.headBytes + cell * wider;
      bytes.copy(next, to, from, from + size);
      if (wider > size) next.fill(0xff, to + size, to + wider);
    }
    this.bytes = next;
    this.floats = new Float32Array(next.buffer, next.byteOffset, next.length >> 2);
    this.marks = marksOf(layout, next, capacity);
    if (!layout.storesMarks) this.marks.set(marks.subarray(0, used));
    this.words = words;
    this.size = wider;
    this.capacity = capacity;
    this.changed = null;
  }

  /** Brings the head's bytes up to date with the fields. */
  writeHead(): void {
    const { bytes } = this;
    bytes[headAt.layout] = this.layout.version;
    bytes[headAt.words] = this.words;
    bytes.writeUInt16LE(this.used, headAt.used);
    bytes.writeUInt16LE(this.capacity, headAt.capacity);
  }
}

/** A view of the bytes themselves, or room for what is not stored. */
const marksOf = ({ storesMarks }: CellLayout, bytes: Buffer, capacity: number): Int32Array =>
  storesMarks
    ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    : new Int32Array(capacity);

/** Memory of its own, so that floats lie on their boundaries and no pool is kept alive. */
const blank = ({ headBytes, idAt }: CellLayout, words: number, capacity: number): Buffer =>
  Buffer.from(new ArrayBuffer(headBytes + capacity * (idAt + 4 * words)));

/** The bytes of a row that holds nothing yet. */
export const emptyCells = (layout: CellLayout, cellsMax: number): Buffer => {
  const capacity = roomFor(layout.roomMin, cellsMax);
  const bytes = blank(layout, wordsMin, capacity);
  bytes[headAt.layout] = layout.version;
  bytes[headAt.words] = wordsMin;
  bytes.writeUInt16LE(capacity, headAt.capacity);
  return bytes;
};

/** `kind`: as a row that cannot be read is to be reported. */
export const cellsCodec = <Row extends Cells>(
  kind: string,
  layout: CellLayout,
  open: (bytes: Buffer) => Row,
): RowCodec<Row> => ({
  decode(stored) {
    const { headBytes, idAt, version } = layout;
    const cellBytes = idAt + 4 * (stored[headAt.words] ?? 0);
    const size = headBytes + stored.readUInt16LE(headAt.capacity) * cellBytes;
    if (stored[headAt.layout] !== version || stored.length !== size)
      throw new Error(`${kind}: a stored row has an unknown layout (${stored.length} bytes)`);
    const bytes = Buffer.from(new ArrayBuffer(size));
    stored.copy(bytes);
    return open(bytes);
  },
  encode(row) {
    const { changed: cells, headChanged, size: cellBytes } = row;
    row.changed = [];
    row.headChanged = false;
    row.writeHead();
    return writeOf(row.bytes, { headBytes: layout.headBytes, cellBytes, headChanged, cells });
  },
  bytes: (row) => row.bytes.length,
});

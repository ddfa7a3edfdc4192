import { markOf } from '../cell-ids.ts';
import { headBytes } from './layout.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * The neighbours of several rows as one set: a hash table over bytes, because making a string and
 * a map entry of some 1,500 cells costs three times what scoring them does.
 *
 * Per pair (a cell of one row): which neighbour, which row, what weight. Per neighbour: where its
 * id lies and its largest weight.
 */
export class Union {
  readonly pairOf: Int32Array;
  readonly pairRow: Int32Array;
  readonly pairWeight: Float64Array;
  pairs = 0;
  readonly idRow: Int32Array;
  readonly idStart: Int32Array;
  readonly largest: Float64Array;
  size = 0;
  readonly rows: readonly StoredRow[];
  readonly #slots: Int32Array;
  readonly #marks: Int32Array;

  /** `unit[r]`: what a weight of row r is multiplied by, to be in present visits. */
  constructor(rows: readonly StoredRow[], unit: readonly number[]) {
    this.rows = rows;
    const cells = rows.reduce((sum, { used }) => sum + used, 0);
    this.pairOf = new Int32Array(cells);
    this.pairRow = new Int32Array(cells);
    this.pairWeight = new Float64Array(cells);
    this.idRow = new Int32Array(cells);
    this.idStart = new Int32Array(cells);
    this.largest = new Float64Array(cells);
    this.#marks = new Int32Array(cells);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * cells + 2)));
    for (let row = 0; row < rows.length; row++) this.#addRow(row, unit[row] as number);
  }

  #addRow(row: number, unit: number): void {
    const { bytes, used, stride } = this.rows[row] as StoredRow;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let cell = 0; cell < used; cell++) {
      const start = headBytes + cell * stride;
      const weight = view.getFloat32(start, true) * unit;
      if (!(weight > 0)) continue;
      const neighbour = this.#neighbour(row, start + 8, start + stride);
      const pair = this.pairs++;
      this.pairOf[pair] = neighbour;
      this.pairRow[pair] = row;
      this.pairWeight[pair] = weight;
      if (weight > (this.largest[neighbour] as number)) this.largest[neighbour] = weight;
    }
  }

  #neighbour(row: number, start: number, end: number): number {
    const { bytes } = this.rows[row] as StoredRow;
    const mark = markOf(bytes, start, end);
    const mask = this.#slots.length - 1;
    let slot = (mark ^ (mark >>> 15)) & mask;
    for (;;) {
      const known = (this.#slots[slot] as number) - 1;
      if (known < 0) break;
      if (this.#marks[known] === mark && this.#same(known, row, start)) return known;
      slot = (slot + 1) & mask;
    }
    const neighbour = this.size++;
    this.#slots[slot] = neighbour + 1;
    this.#marks[neighbour] = mark;
    this.idRow[neighbour] = row;
    this.idStart[neighbour] = start;
    return neighbour;
  }

  /** Rows may have ids of different widths: the longer one must go on with padding. */
  #same(known: number, row: number, start: number): boolean {
    const a = this.rows[this.idRow[known] as number] as StoredRow;
    const b = this.rows[row] as StoredRow;
    const aStart = this.idStart[known] as number;
    const width = Math.max(a.stride, b.stride) - 8;
    for (let index = 0; index < width; index++) {
      const x = index < a.stride - 8 ? a.bytes[aStart + index] : 0xff;
      const y = index < b.stride - 8 ? b.bytes[start + index] : 0xff;
      if (x !== y) return false;
      if (x === 0xff) return true;
    }
    return true;
  }
}

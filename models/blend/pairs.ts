import { encodeId, scratch } from '../cell-ids.ts';
import { columnsAt, headBytes, idAt } from './layout.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * The neighbours of several rows as one set: a hash table over bytes, because making strings of
 * some 6,000 cells costs more than scoring them. Per pair (a cell of one row): which neighbour,
 * which row, where its columns begin (in floats). Per neighbour: where its id lies.
 */
export class Pairs {
  readonly rows: readonly (StoredRow | null)[];
  readonly pairOf: Int32Array;
  readonly pairRow: Int32Array;
  readonly pairAt: Int32Array;
  count = 0;
  /** Neighbours found. */
  size = 0;
  readonly #idRow: Int32Array;
  readonly #idStart: Int32Array;
  readonly #marks: Int32Array;
  readonly #slots: Int32Array;

  constructor(rows: readonly (StoredRow | null)[]) {
    this.rows = rows;
    const cells = rows.reduce((sum, row) => sum + (row?.used ?? 0), 0);
    this.pairOf = new Int32Array(cells);
    this.pairRow = new Int32Array(cells);
    this.pairAt = new Int32Array(cells);
    this.#idRow = new Int32Array(cells);
    this.#idStart = new Int32Array(cells);
    this.#marks = new Int32Array(cells);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * cells + 2)));
    for (const [index, row] of rows.entries()) if (row !== null) this.#addRow(index, row);
  }

  idOf(neighbour: number): string {
    const row = this.rows[this.#idRow[neighbour] as number] as StoredRow;
    const start = this.#idStart[neighbour] as number;
    let end = start + row.stride - idAt;
    while (end > start && row.bytes[end - 1] === 0xff) end--;
    return row.bytes.toString('utf8', start, end);
  }

  /** The neighbour of this id, or -1. */
  indexOf(id: string): number {
    if (this.size === 0 || !encodeId(id)) return -1;
    const { bytes, length, mark } = scratch;
    const mask = this.#slots.length - 1;
    let slot = (mark ^ (mark >>> 15)) & mask;
    for (;;) {
      const known = (this.#slots[slot] as number) - 1;
      if (known < 0) return -1;
      if (this.#marks[known] === mark && this.#holds(known, bytes, length)) return known;
      slot = (slot + 1) & mask;
    }
  }

  #holds(known: number, id: Uint8Array, length: number): boolean {
    const { bytes, stride } = this.rows[this.#idRow[known] as number] as StoredRow;
    const start = this.#idStart[known] as number;
    const width = stride - idAt;
    if (length > width || (length < width && bytes[start + length] !== 0xff)) return false;
    let same = 0;
    while (same < length && bytes[start + same] === id[same]) same++;
    return same === length;
  }

  #addRow(index: number, row: StoredRow): void {
    for (let cell = 0; cell < row.used; cell++) {
      const start = headBytes + cell * row.stride;
      const pair = this.count++;
      this.pairOf[pair] = this.#neighbour(index, row, start);
      this.pairRow[pair] = index;
      this.pairAt[pair] = (start + columnsAt) >> 2;
    }
  }

  #neighbour(index: number, row: StoredRow, start: number): number {
    const mark = row.marks[start >> 2] as number;
    const mask = this.#slots.length - 1;
    let slot = (mark ^ (mark >>> 15)) & mask;
    for (;;) {
      const known = (this.#slots[slot] as number) - 1;
      if (known < 0) break;
      if (this.#marks[known] === mark && this.#same(known, row, start + idAt)) return known;
      slot = (slot + 1) & mask;
    }
    const neighbour = this.size++;
    this.#slots[slot] = neighbour + 1;
    this.#marks[neighbour] = mark;
    this.#idRow[neighbour] = index;
    this.#idStart[neighbour] = start + idAt;
    return neighbour;
  }

  /** Rows may have ids of different widths: the longer one must go on with padding. */
  #same(known: number, b: StoredRow, bStart: number): boolean {
    const a = this.rows[this.#idRow[known] as number] as StoredRow;
    const aStart = this.#idStart[known] as number;
    const width = Math.max(a.stride, b.stride) - idAt;
    for (let index = 0; index < width; index++) {
      const x = index < a.stride - idAt ? a.bytes[aStart + index] : 0xff;
      const y = index < b.stride - idAt ? b.bytes[bStart + index] : 0xff;
      if (x !== y) return false;
      if (x === 0xff) return true;
    }
    return true;
  }
}

import { encodeId, scratch } from '../cell-ids.ts';
import { column, columnsAt, headBytes, idAt } from './layout.ts';
import type { StoredRow } from './stored-row.ts';

/** Cells of several rows, row by row. */
export interface PairList {
  readonly rows: readonly (StoredRow | null)[];
  /** Per row where its pairs end. */
  readonly ends: Int32Array;
  /** Per pair its neighbour, or the place of that. */
  readonly pairOf: Int32Array;
  /** Per pair where its columns begin, in floats of its row. */
  readonly pairAt: Int32Array;
}

/**
 * The memory of pairs: some 300 KB, which would take longer to make for each list than to fill.
 * Pairs that are kept need a room of their own.
 */
export class Room {
  pairOf = new Int32Array(0);
  pairAt = new Int32Array(0);
  visits = new Float64Array(0);
  marks = new Int32Array(0);
  slots = new Int32Array(0);
  idFrom = new Int32Array(0);
  ids = new Int32Array(0);
  idBytes = Buffer.alloc(0);

  fit(cells: number, idWords: number): void {
    if (this.pairOf.length < cells) {
      const size = powerOf2(cells);
      this.pairOf = new Int32Array(size);
      this.pairAt = new Int32Array(size);
      this.visits = new Float64Array(size);
      this.marks = new Int32Array(size);
      this.slots = new Int32Array(2 * size);
      this.idFrom = new Int32Array(size + 1);
    }
    if (this.ids.length >= idWords) return;
    this.ids = new Int32Array(powerOf2(idWords));
    this.idBytes = Buffer.from(this.ids.buffer);
  }
}

/** The next one, and room for the slots of a single cell. */
const powerOf2 = (size: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, size)));

const columnsWordAt = columnsAt >> 2;
const idWordAt = idAt >> 2;
/** Four bytes of it. */
const padding = -1;

/**
 * The neighbours of several rows as one set: a hash table over words, because making strings of
 * some 6,000 cells costs more than scoring them. A pair is a cell of one row. Neighbours are
 * numbered as they come: those of the first rows have the lowest numbers.
 */
export class Pairs implements PairList {
  readonly rows: readonly (StoredRow | null)[];
  readonly ends: Int32Array;
  count = 0;
  /** Neighbours found. */
  size = 0;
  /** Of the room: by pair, neighbour (`visits`, `marks`, `idFrom`) or slot. */
  readonly #room: Room;
  /** Of the hash. */
  readonly #mask: number;

  constructor(rows: readonly (StoredRow | null)[], room = new Room()) {
    this.rows = rows;
    this.#room = room;
    this.ends = new Int32Array(rows.length);
    let cells = 0;
    let idWords = 0;
    for (const row of rows) {
      if (row === null) continue;
      cells += row.used;
      idWords += row.used * ((row.stride - idAt) >> 2);
    }
    room.fit(cells, idWords);
    // At most two thirds full.
    const slots = powerOf2(1.5 * cells + 1);
    room.slots.fill(0, 0, slots);
    room.visits.fill(0, 0, cells);
    this.#mask = slots - 1;
    for (const [index, row] of rows.entries()) {
      if (row !== null) this.#addRow(row);
      this.ends[index] = this.count;
    }
  }

  get pairOf(): Int32Array {
    return this.#room.pairOf;
  }

  get pairAt(): Int32Array {
    return this.#room.pairAt;
  }

  /** Per neighbour the most that it was paired with one of the rows' items. */
  get visits(): Float64Array {
    return this.#room.visits;
  }

  idOf(neighbour: number): string {
    const { idFrom, idBytes } = this.#room;
    const start = 4 * (idFrom[neighbour] as number);
    let end = 4 * (idFrom[neighbour + 1] as number);
    while (end > start && idBytes[end - 1] === 0xff) end--;
    return idBytes.toString('utf8', start, end);
  }

  /** The neighbour of this id, or -1. */
  indexOf(id: string): number {
    if (this.size === 0 || !encodeId(id)) return -1;
    const { slots, marks } = this.#room;
    const { mark } = scratch;
    let slot = (mark ^ (mark >>> 15)) & this.#mask;
    for (;;) {
      const known = (slots[slot] as number) - 1;
      if (known < 0) return -1;
      if (marks[known] === mark && this.#holds(known, scratch)) return known;
      slot = (slot + 1) & this.#mask;
    }
  }

  #holds(known: number, { bytes: id, length }: typeof scratch): boolean {
    const { idFrom, idBytes } = this.#room;
    const start = 4 * (idFrom[known] as number);
    const width = 4 * (idFrom[known + 1] as number) - start;
    if (length > width || (length < width && idBytes[start + length] !== 0xff)) return false;
    let same = 0;
    while (same < length && idBytes[start + same] === id[same]) same++;
    return same === length;
  }

  #addRow(row: StoredRow): void {
    const { floats, words, used, stride } = row;
    const { pairOf, pairAt, visits, slots, marks } = this.#room;
    for (let cell = 0; cell < used; cell++) {
      const at = (headBytes + cell * stride) >> 2;
      const mark = words[at] as number;
      let slot = (mark ^ (mark >>> 15)) & this.#mask;
      let neighbour = (slots[slot] as number) - 1;
      while (neighbour >= 0 && !(marks[neighbour] === mark && this.#same(neighbour, row, at))) {
        slot = (slot + 1) & this.#mask;
        neighbour = (slots[slot] as number) - 1;
      }
      if (neighbour < 0) {
        neighbour = this.#add(row, at);
        slots[slot] = neighbour + 1;
      }
      const pair = this.count++;
      pairOf[pair] = neighbour;
      pairAt[pair] = at + columnsWordAt;
      const near = floats[at + columnsWordAt + column.near] as number;
      if (near > (visits[neighbour] as number)) visits[neighbour] = near;
    }
  }

  /** Ids are copied to lie side by side: those of the rows are too far from each other. */
  #add({ words, stride }: StoredRow, at: number): number {
    const { marks, ids, idFrom } = this.#room;
    const neighbour = this.size++;
    marks[neighbour] = words[at] as number;
    let to = idFrom[neighbour] as number;
    const end = at + (stride >> 2);
    for (let word = at + idWordAt; word < end; word++) ids[to++] = words[word] as number;
    idFrom[neighbour + 1] = to;
    return neighbour;
  }

  /** Rows may have ids of different widths: the longer one must go on with padding. */
  #same(neighbour: number, { words, stride }: StoredRow, at: number): boolean {
    const { ids, idFrom } = this.#room;
    const end = idFrom[neighbour + 1] as number;
    const cellEnd = at + (stride >> 2);
    let held = idFrom[neighbour] as number;
    let word = at + idWordAt;
    while (held < end && word < cellEnd && ids[held] === words[word]) {
      held++;
      word++;
    }
    if (held < end && word < cellEnd) return false;
    for (; held < end; held++) if (ids[held] !== padding) return false;
    for (; word < cellEnd; word++) if (words[word] !== padding) return false;
    return true;
  }
}

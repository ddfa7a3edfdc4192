import { markOf } from './counts.ts';

/**
 * Sums per item id, by the bytes of the id: making strings of thousands of ids would cost more than
 * all the rest.
 */
export class Tally {
  readonly sums: Float64Array;
  size = 0;
  readonly #rows: Buffer[] = [];
  readonly #starts: Int32Array;
  readonly #lengths: Uint8Array;
  readonly #marks: Int32Array;
  readonly #slots: Int32Array;

  constructor(itemsMax: number) {
    this.sums = new Float64Array(itemsMax);
    this.#starts = new Int32Array(itemsMax);
    this.#lengths = new Uint8Array(itemsMax);
    this.#marks = new Int32Array(itemsMax);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * itemsMax + 2)));
  }

  add(row: Buffer, at: { readonly start: number; readonly length: number }, value: number): void {
    const { start, length } = at;
    const mark = markOf(row, start, start + length);
    const mask = this.#slots.length - 1;
    let slot = (mark ^ (mark >>> 15)) & mask;
    for (;;) {
      const known = (this.#slots[slot] as number) - 1;
      if (known < 0) break;
      if (this.#marks[known] === mark && this.#same(known, row, at)) {
        this.sums[known] = (this.sums[known] as number) + value;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const number = this.size++;
    this.#slots[slot] = number + 1;
    this.#rows.push(row);
    this.#starts[number] = start;
    this.#lengths[number] = length;
    this.#marks[number] = mark;
    this.sums[number] = value;
  }

  #same(
    known: number,
    row: Buffer,
    { start, length }: { readonly start: number; readonly length: number },
  ): boolean {
    if (this.#lengths[known] !== length) return false;
    const other = this.#rows[known] as Buffer;
    const otherStart = this.#starts[known] as number;
    for (let index = 0; index < length; index++)
      if (other[otherStart + index] !== row[start + index]) return false;
    return true;
  }

  mark(number: number): number {
    return this.#marks[number] as number;
  }

  id(number: number): string {
    const start = this.#starts[number] as number;
    const row = this.#rows[number] as Buffer;
    return row.toString('utf8', start, start + (this.#lengths[number] as number));
  }
}

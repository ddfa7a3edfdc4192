import { encodeId, scratch } from '../co-visits/layout.ts';
import { distanceMask, sameSession, visitedOther } from '../visits.ts';
import {
  at,
  capacityFor,
  cellBytes,
  column,
  columnsAt,
  headBytes,
  idAt,
  layoutVersion,
} from './layout.ts';
import { countVisit, type Visit } from './visit.ts';

/** Scales are brought back by this power of two when they pass it: exact, and far from overflow. */
const scaleMax = 2 ** 32;
/** `fading` halves once per so many pairs of the row: busy rows forget sooner, quiet ones later. */
const fadingGrowth = 2 ** (1 / 1_000);
/** Each transition counts so much more than the one before it. */
const nextGrowth = 1.03;
/** `near` halves over about so many steps. */
const nearSteps = 5;
const afterStepsMax = 10;
const changesMax = 64;

/**
 * An item's neighbours in memory: the stored bytes themselves, edited in place. Because the stored
 * form is the state, it cannot matter where a log was cut.
 *
 * Pruning is by the row's own figures: when there is no room, the neighbour with the least `fading`
 * goes: who was not paired for long. Nothing is
 * inherited: a taken-over cell starts from zero, so that what is counted was surely seen.
 */
export class Neighbourhood {
  bytes: Buffer;
  floats: Float32Array;
  marks: Int32Array;
  used: number;
  capacity: number;
  words: number;
  /** Cells changed since the last encode; null: the row must be written whole. */
  changed: number[] | null;
  headChanged = false;
  /** The visit of the item itself that was learned last; null: the last signal was none. */
  visit: { readonly hour: number; readonly returned: boolean } | null = null;

  constructor(bytes: Buffer, stored: boolean) {
    this.bytes = bytes;
    this.words = bytes[at.words] as number;
    this.used = bytes.readUInt16LE(at.used);
    this.capacity = bytes.readUInt16LE(at.capacity);
    this.floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.marks = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.changed = stored ? [] : null;
  }

  get visits(): number {
    return this.bytes.readUInt32LE(at.visits);
  }

  #rescale(of: number, factor: number): void {
    const stride = cellBytes(this.words) >> 2;
    const end = (headBytes >> 2) + this.used * stride;
    const first = (headBytes + columnsAt + 4 * of) >> 2;
    for (let index = first; index < end; index += stride)
      this.floats[index] = (this.floats[index] as number) * factor;
    this.changed = null;
  }

  addVisit(visit: Visit): void {
    countVisit(this.bytes, visit);
    this.headChanged = true;
  }

  /** Counts a pair with `other`, which makes room for itself when there is none. */
  addPair(
    other: string,
    pair: { readonly note: number; readonly same: boolean; readonly weight: number },
    cellsMax: number,
  ): void {
    const steps = Math.max(1, pair.note & distanceMask);
    const near = pair.weight / (1 + (steps - 1) / nearSteps);
    const scale = this.#grow(at.fadingScale, fadingGrowth, column.fading);
    const cell = this.#cellOf(other, cellsMax);
    if (cell < 0) return;
    this.#add(cell, column.near, near);
    this.#add(cell, column.fading, scale * near);
    if ((pair.note & sameSession) !== 0) this.#add(cell, column.session, pair.weight);
    // The item itself, come back to, comes after itself.
    if ((pair.note & visitedOther) !== 0 || pair.same) this.#addAfter(cell, steps, pair.weight);
    this.#touch(cell);
  }

  #addAfter(cell: number, steps: number, weight: number): void {
    if (steps > afterStepsMax) return;
    this.#add(cell, column.after, weight / steps);
    this.#sum(at.after, weight / steps);
    if (steps > 1) return;
    const scale = this.#grow(at.nextScale, nextGrowth, column.nextFading);
    this.#add(cell, column.next, weight);
    this.#sum(at.next, weight);
    this.#add(cell, column.nextFading, scale * weight);
    this.#sum(at.nextFading, scale * weight);
  }

  /** The scale after one more event; 0 stands for the 1 that a row starts with. */
  #grow(place: number, growth: number, of: number): number {
    const before = this.bytes.readDoubleLE(place);
    let scale = (before === 0 ? 1 : before) * growth;
    if (scale >= scaleMax) {
      scale /= scaleMax;
      this.#rescale(of, 1 / scaleMax);
      if (of === column.nextFading) this.#sumTimes(at.nextFading, 1 / scaleMax);
    }
    this.bytes.writeDoubleLE(scale, place);
    this.headChanged = true;
    return scale;
  }

  #sum(place: number, value: number): void {
    this.bytes.writeFloatLE(this.bytes.readFloatLE(place) + value, place);
  }

  #sumTimes(place: number, factor: number): void {
    this.bytes.writeFloatLE(this.bytes.readFloatLE(place) * factor, place);
  }

  #add(cell: number, of: number, value: number): void {
    const index = (headBytes + cell * cellBytes(this.words) + columnsAt + 4 * of) >> 2;
    this.floats[index] = (this.floats[index] as number) + value;
  }

  #cellOf(id: string, cellsMax: number): number {
    if (!encodeId(id)) return -1;
    const found = this.#find();
    if (found >= 0) return found;
    if (scratch.length > 4 * this.words) this.#layOut((scratch.length + 3) >> 2, this.capacity);
    if (this.used === this.capacity && this.used < cellsMax)
      this.#layOut(this.words, capacityFor(this.used + 1, cellsMax));
    const cell = this.used < this.capacity ? this.used++ : this.#least();
    this.#clear(cell);
    return cell;
  }

  #find(): number {
    const { marks, bytes, used } = this;
    const { mark, length } = scratch;
    const size = cellBytes(this.words);
    const stride = size >> 2;
    for (let cell = 0, index = headBytes >> 2; cell < used; cell++, index += stride) {
      if (marks[index] !== mark) continue;
      const start = headBytes + cell * size + idAt;
      let same = 0;
      while (same < length && bytes[start + same] === scratch.bytes[same]) same++;
      if (same === length && (length === size - idAt || bytes[start + length] === 0xff))
        return cell;
    }
    return -1;
  }

  #least(): number {
    const stride = cellBytes(this.words) >> 2;
    let least = Number.POSITIVE_INFINITY;
    let leastCell = 0;
    let index = (headBytes + columnsAt + 4 * column.fading) >> 2;
    for (let cell = 0; cell < this.used; cell++, index += stride) {
      const fading = this.floats[index] as number;
      if (fading < least) {
        least = fading;
        leastCell = cell;
      }
    }
    return leastCell;
  }

  /** Gives the cell to the id in the scratch, all counts zero. */
  #clear(cell: number): void {
    const size = cellBytes(this.words);
    const start = headBytes + cell * size;
    this.bytes.fill(0, start, start + idAt);
    this.marks[start >> 2] = scratch.mark;
    for (let index = 0; index < scratch.length; index++)
      this.bytes[start + idAt + index] = scratch.bytes[index] as number;
    this.bytes.fill(0xff, start + idAt + scratch.length, start + size);
    this.headChanged = true;
  }

  #touch(cell: number): void {
    if (this.changed === null) return;
    if (this.changed.length === changesMax) this.changed = null;
    else this.changed.push(cell);
  }

  /** Gives every cell another width or the row another size. */
  #layOut(words: number, capacity: number): void {
    const old = { bytes: this.bytes, size: cellBytes(this.words) };
    const size = cellBytes(words);
    const next = blank(words, capacity);
    old.bytes.copy(next, 0, 0, headBytes);
    for (let cell = 0; cell < this.used; cell++) {
      const to = headBytes + cell * size;
      old.bytes.copy(next, to, headBytes + cell * old.size, headBytes + (cell + 1) * old.size);
      if (size > old.size) next.fill(0xff, to + old.size, to + size);
    }
    this.bytes = next;
    this.floats = new Float32Array(next.buffer, next.byteOffset, next.length >> 2);
    this.marks = new Int32Array(next.buffer, next.byteOffset, next.length >> 2);
    this.words = words;
    this.capacity = capacity;
    this.changed = null;
  }

  /** Brings the head's bytes up to date with the fields. */
  writeHead(): void {
    const { bytes } = this;
    bytes[at.layout] = layoutVersion;
    bytes[at.words] = this.words;
    bytes.writeUInt16LE(this.used, at.used);
    bytes.writeUInt16LE(this.capacity, at.capacity);
  }
}

/** Memory of its own, so that floats lie on their boundaries and no pool is kept alive. */
const blank = (words: number, capacity: number): Buffer =>
  Buffer.from(new ArrayBuffer(headBytes + capacity * cellBytes(words)));

export const emptyNeighbourhood = (cellsMax: number): Neighbourhood => {
  const capacity = capacityFor(1, cellsMax);
  const bytes = blank(2, capacity);
  bytes[at.layout] = layoutVersion;
  bytes[at.words] = 2;
  bytes.writeUInt16LE(capacity, at.capacity);
  return new Neighbourhood(bytes, false);
};

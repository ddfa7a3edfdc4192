import {
  at,
  capacityFor,
  cellBytes,
  encodeId,
  headBytes,
  layoutVersion,
  markOf,
  scratch,
} from './layout.ts';

/** Weights are rescaled when an event's would pass 2^32 units: rare, and far from overflow. */
const epochSpan = 32;
/** More changed cells than this are not worth listing. */
const changesMax = 64;

/**
 * An item's neighbours in memory: the stored bytes themselves, edited in place, with the weights
 * seen as floats and one hash per id to search by. Because the stored form is the state, decoding
 * what was encoded gives the same row, and it cannot matter where a log was cut.
 *
 * Decay is forward: a visit at time t (in half-lives) adds 2^(t - epoch), and the epoch is the
 * row's own. It moves only when an event is 32 half-lives beyond it; then every weight is
 * multiplied by a power of two, which is exact. A rule on the row and the event alone.
 *
 * Pruning is Space-Saving (Metwally, Agrawal, El Abbadi, ICDT 2005): when there is no room, a new
 * neighbour takes the cell with the smallest weight + error, and that sum becomes its error. For
 * every neighbour kept, weight <= true weight <= weight + error; every neighbour whose true weight
 * is above (all weight folded into the row) / (cells) is kept. Ranking uses `weight`, the part
 * that was surely seen.
 */
export class Neighbourhood {
  bytes: Buffer;
  floats: Float32Array;
  marks: Int32Array;
  used: number;
  capacity: number;
  words: number;
  epoch: number;
  visits: number;
  own: number;
  /** Cells changed since the last encode; null: the row must be written whole. */
  changed: number[] | null;
  headChanged: boolean;

  constructor(bytes: Buffer, stored: boolean) {
    this.bytes = bytes;
    this.words = bytes[at.words] as number;
    this.used = bytes.readUInt16LE(at.used);
    this.capacity = bytes.readUInt16LE(at.capacity);
    this.epoch = bytes.readInt32LE(at.epoch);
    this.visits = bytes.readUInt32LE(at.visits);
    this.own = bytes.readDoubleLE(at.own);
    this.floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.marks = new Int32Array(this.capacity);
    this.changed = stored ? [] : null;
    this.headChanged = false;
    const stride = cellBytes(this.words);
    for (let cell = 0; cell < this.used; cell++) {
      const start = headBytes + cell * stride + 8;
      this.marks[cell] = markOf(bytes, start, start + stride - 8);
    }
  }

  /** What an event at `time` (in half-lives) weighs here. Moves the epoch where it must. */
  unitAt(time: number): number {
    if (this.visits === 0 && this.used === 0) this.epoch = Math.floor(time);
    if (time - this.epoch >= epochSpan) this.#rescale(Math.floor(time));
    return 2 ** (time - this.epoch);
  }

  #rescale(epoch: number): void {
    const factor = 2 ** (this.epoch - epoch);
    const stride = cellBytes(this.words) >> 2;
    const end = (headBytes >> 2) + this.used * stride;
    for (let cell = headBytes >> 2; cell < end; cell += stride) {
      this.floats[cell] = (this.floats[cell] as number) * factor;
      this.floats[cell + 1] = (this.floats[cell + 1] as number) * factor;
    }
    this.own *= factor;
    this.epoch = epoch;
    this.changed = null;
  }

  addVisit(weight: number): void {
    this.own += weight;
    this.visits = Math.min(this.visits + 1, 0xffffffff);
    this.headChanged = true;
  }

  /** Adds to the neighbour `id`, which takes the least one's cell when there is no room. */
  addNeighbour(id: string, weight: number, cellsMax: number): void {
    if (!encodeId(id)) return;
    const stride = cellBytes(this.words) >> 2;
    const found = this.#find(stride << 2);
    if (found >= 0) {
      const index = (headBytes >> 2) + found * stride;
      this.floats[index] = (this.floats[index] as number) + weight;
      this.#touch(found);
      return;
    }
    if (scratch.length > 4 * this.words) this.#layOut((scratch.length + 3) >> 2, this.capacity);
    if (this.used < cellsMax) this.#append(weight, cellsMax);
    else this.#replaceLeast(weight);
  }

  #find(cellSize: number): number {
    const { marks, bytes, used } = this;
    const { mark, length } = scratch;
    for (let cell = 0; cell < used; cell++) {
      if (marks[cell] !== mark) continue;
      const start = headBytes + cell * cellSize + 8;
      let same = 0;
      while (same < length && bytes[start + same] === scratch.bytes[same]) same++;
      if (same === length && (length === cellSize - 8 || bytes[start + length] === 0xff))
        return cell;
    }
    return -1;
  }

  #append(weight: number, cellsMax: number): void {
    if (this.used === this.capacity) this.#layOut(this.words, capacityFor(this.used + 1, cellsMax));
    const cell = this.used++;
    this.headChanged = true;
    this.#put(cell, weight, 0);
  }

  #replaceLeast(weight: number): void {
    const { floats, used } = this;
    const stride = cellBytes(this.words) >> 2;
    let least = Number.POSITIVE_INFINITY;
    let leastCell = 0;
    for (let cell = 0, index = headBytes >> 2; cell < used; cell++, index += stride) {
      const sum = (floats[index] as number) + (floats[index + 1] as number);
      if (sum < least) {
        least = sum;
        leastCell = cell;
      }
    }
    this.#put(leastCell, weight, least);
  }

  #put(cell: number, weight: number, error: number): void {
    const stride = cellBytes(this.words);
    const start = headBytes + cell * stride;
    this.floats[start >> 2] = weight;
    this.floats[(start >> 2) + 1] = error;
    const { bytes, length, mark } = scratch;
    for (let index = 0; index < length; index++)
      this.bytes[start + 8 + index] = bytes[index] as number;
    this.bytes.fill(0xff, start + 8 + length, start + stride);
    this.marks[cell] = mark;
    this.#touch(cell);
  }

  #touch(cell: number): void {
    if (this.changed === null) return;
    if (this.changed.length === changesMax) this.changed = null;
    else this.changed.push(cell);
  }

  /** Gives every cell another width or the row another size. The scratch is left as it is. */
  #layOut(words: number, capacity: number): void {
    const old = { bytes: this.bytes, stride: cellBytes(this.words) };
    const stride = cellBytes(words);
    this.bytes = blank(words, capacity);
    for (let cell = 0; cell < this.used; cell++) {
      const from = headBytes + cell * old.stride;
      const to = headBytes + cell * stride;
      old.bytes.copy(this.bytes, to, from, from + old.stride);
      if (stride > old.stride) this.bytes.fill(0xff, to + old.stride, to + stride);
    }
    const marks = new Int32Array(capacity);
    marks.set(this.marks.subarray(0, this.used));
    this.marks = marks;
    this.floats = new Float32Array(
      this.bytes.buffer,
      this.bytes.byteOffset,
      this.bytes.length >> 2,
    );
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
    bytes.writeInt32LE(this.epoch, at.epoch);
    bytes.writeUInt32LE(this.visits, at.visits);
    bytes.writeDoubleLE(this.own, at.own);
  }
}

/** Memory of its own, so that floats lie on their boundaries and no pool is kept alive. */
const blank = (words: number, capacity: number): Buffer =>
  Buffer.from(new ArrayBuffer(headBytes + capacity * cellBytes(words)));

export const emptyNeighbourhood = (cellsMax: number): Neighbourhood => {
  const bytes = blank(2, capacityFor(1, cellsMax));
  bytes[at.layout] = layoutVersion;
  bytes[at.words] = 2;
  bytes.writeUInt16LE(capacityFor(1, cellsMax), at.capacity);
  return new Neighbourhood(bytes, false);
};

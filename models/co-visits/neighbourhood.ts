import { encodeId } from '../cell-ids.ts';
import { Cells, emptyCells } from '../cells.ts';
import { at, cellLayout, column, headBytes } from './layout.ts';

/** Weights are rescaled when an event's would pass 2^32 units: rare, and far from overflow. */
const epochSpan = 32;

/**
 * An item's neighbours in memory.
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
export class Neighbourhood extends Cells {
  epoch: number;
  visits: number;
  own: number;

  constructor(bytes: Buffer, stored: boolean) {
    super(cellLayout, bytes, stored);
    this.epoch = bytes.readInt32LE(at.epoch);
    this.visits = bytes.readUInt32LE(at.visits);
    this.own = bytes.readDoubleLE(at.own);
  }

  /** What an event at `time` (in half-lives) weighs here. Moves the epoch where it must. */
  unitAt(time: number): number {
    if (this.visits === 0 && this.used === 0) this.epoch = Math.floor(time);
    if (time - this.epoch >= epochSpan) this.#rescale(Math.floor(time));
    return 2 ** (time - this.epoch);
  }

  #rescale(epoch: number): void {
    const factor = 2 ** (this.epoch - epoch);
    this.scale(column.weight, factor);
    this.scale(column.error, factor);
    this.own *= factor;
    this.epoch = epoch;
  }

  addVisit(weight: number): void {
    this.own += weight;
    this.visits = Math.min(this.visits + 1, 0xffffffff);
    this.headChanged = true;
  }

  /** Adds to the neighbour `id`, which takes the least one's cell when there is no room. */
  addNeighbour(id: string, weight: number, cellsMax: number): void {
    if (!encodeId(id)) return;
    const found = this.find();
    if (found >= 0) {
      const index = (headBytes + found * this.size + column.weight) >> 2;
      this.floats[index] = (this.floats[index] as number) + weight;
      this.touch(found);
      return;
    }
    const cell = this.append(cellsMax);
    if (cell >= 0) this.#put(cell, weight, 0);
    else this.#replaceLeast(weight);
  }

  #replaceLeast(weight: number): void {
    const { floats, used } = this;
    const stride = this.size >> 2;
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
    const start = headBytes + cell * this.size;
    this.floats[(start + column.weight) >> 2] = weight;
    this.floats[(start + column.error) >> 2] = error;
    this.putId(cell);
    this.touch(cell);
  }

  override writeHead(): void {
    super.writeHead();
    this.bytes.writeInt32LE(this.epoch, at.epoch);
    this.bytes.writeUInt32LE(this.visits, at.visits);
    this.bytes.writeDoubleLE(this.own, at.own);
  }
}

export const emptyNeighbourhood = (cellsMax: number): Neighbourhood =>
  new Neighbourhood(emptyCells(cellLayout, cellsMax), false);

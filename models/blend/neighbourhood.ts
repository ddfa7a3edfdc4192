import { encodeId } from '../cell-ids.ts';
import { Cells, emptyCells } from '../cells.ts';
import { distanceMask, sameSession, visitedOther } from '../visits.ts';
import { at, cellLayout, column, columnsAt, headBytes, idAt } from './layout.ts';
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

/**
 * An item's neighbours in memory.
 *
 * Pruning is by the row's own figures: when there is no room, the neighbour with the least `fading`
 * goes: who was not paired for long. Nothing is inherited: a taken-over cell starts from zero, so
 * that what is counted was surely seen.
 */
export class Neighbourhood extends Cells {
  /** The visit of the item itself that was learned last; null: the last signal was none. */
  visit: { readonly hour: number; readonly returned: boolean } | null = null;

  constructor(bytes: Buffer, stored: boolean) {
    super(cellLayout, bytes, stored);
  }

  get visits(): number {
    return this.bytes.readUInt32LE(at.visits);
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
    this.touch(cell);
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
      this.scale(columnsAt + 4 * of, 1 / scaleMax);
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
    const index = (headBytes + cell * this.size + columnsAt + 4 * of) >> 2;
    this.floats[index] = (this.floats[index] as number) + value;
  }

  #cellOf(id: string, cellsMax: number): number {
    if (!encodeId(id)) return -1;
    const found = this.find();
    if (found >= 0) return found;
    const added = this.append(cellsMax);
    const cell = added >= 0 ? added : this.#least();
    this.#clear(cell);
    return cell;
  }

  #least(): number {
    const stride = this.size >> 2;
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
    const start = headBytes + cell * this.size;
    this.bytes.fill(0, start, start + idAt);
    this.putId(cell);
    this.headChanged = true;
  }
}

export const emptyNeighbourhood = (cellsMax: number): Neighbourhood =>
  new Neighbourhood(emptyCells(cellLayout, cellsMax), false);

import { threshold } from '../threshold.ts';
import { slotOf } from './actors.ts';
import { cellBytes, headBytes, layoutVersion, rowSort } from './layout.ts';

/** An actor who visited some of the profile's items. */
export interface Neighbour {
  readonly user: number;
  readonly own: number;
  readonly slot: number;
  /** Sum of the shares of the items in common: 1 for the profile's newest, then ever less. */
  readonly similarity: number;
  /** Position of the newest item in common. */
  readonly first: number;
}

export interface SimilarOptions {
  /** Whose passages since when are the profile's own. */
  readonly self: { readonly user: number; readonly fromSeconds: number };
  /** The most recent actors that are compared. */
  readonly comparedMax: number;
  readonly neighboursMax: number;
}

/** Actors found in several rings, as columns: objects for some 5,000 would cost more than the rest. */
class Found {
  readonly user: Uint32Array;
  readonly own: Uint32Array;
  readonly shares: Uint32Array;
  readonly newest: Uint32Array;
  readonly first: Uint8Array;
  size = 0;
  readonly #slots: Int32Array;

  constructor(cells: number) {
    this.user = new Uint32Array(cells);
    this.own = new Uint32Array(cells);
    this.shares = new Uint32Array(cells);
    this.newest = new Uint32Array(cells);
    this.first = new Uint8Array(cells);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * cells + 2)));
  }

  numberOf(user: number, own: number, first: number): number {
    const mask = this.#slots.length - 1;
    let slot = (own ^ Math.imul(user, 0x9e3779b1)) & mask;
    for (;;) {
      const known = (this.#slots[slot] as number) - 1;
      if (known < 0) break;
      if (this.own[known] === own && this.user[known] === user) return known;
      slot = (slot + 1) & mask;
    }
    const number = this.size++;
    this.#slots[slot] = number + 1;
    this.user[number] = user;
    this.own[number] = own;
    this.first[number] = first;
    return number;
  }
}

const isRing = (row: Buffer | undefined): row is Buffer =>
  row !== undefined &&
  row.length >= headBytes &&
  row[0] === layoutVersion &&
  row[1] === rowSort.item &&
  row.length >= headBytes + row.readUInt16LE(4) * cellBytes;

const collect = (rings: readonly (Buffer | undefined)[], self: SimilarOptions['self']): Found => {
  let cells = 0;
  for (const ring of rings) if (isRing(ring)) cells += ring.readUInt16LE(4);
  const found = new Found(cells);
  for (const [position, ring] of rings.entries()) {
    if (!isRing(ring)) continue;
    const view = new DataView(ring.buffer, ring.byteOffset, ring.length);
    const share = rings.length - position;
    const end = headBytes + view.getUint16(4, true) * cellBytes;
    for (let at = headBytes; at < end; at += cellBytes) {
      const user = view.getUint32(at, true);
      const seconds = view.getUint32(at + 8, true);
      if (user === self.user && seconds >= self.fromSeconds) continue;
      const number = found.numberOf(user, view.getUint32(at + 4, true), position);
      found.shares[number] = (found.shares[number] as number) + share;
      if (seconds > (found.newest[number] as number)) found.newest[number] = seconds;
    }
  }
  return found;
};

/** Places of the `count` highest keys; among equals at the edge those that come first. */
const highest = (keys: Float64Array, count: number): Int32Array => {
  const places = new Int32Array(Math.min(count, keys.length));
  const edge = threshold(keys, keys.length, count);
  let above = 0;
  for (let place = 0; place < keys.length; place++) if ((keys[place] as number) > edge) above++;
  let rest = places.length - above;
  let size = 0;
  for (let place = 0; size < places.length; place++) {
    const key = keys[place] as number;
    if (key > edge || (key === edge && rest-- > 0)) places[size++] = place;
  }
  return places;
};

/** Numbers of the most recent `count` found. */
const mostRecent = (found: Found, count: number): Int32Array => {
  const keys = new Float64Array(found.size);
  for (let number = 0; number < keys.length; number++)
    keys[number] =
      (found.newest[number] as number) * 2 ** 20 + ((found.own[number] as number) >>> 12);
  return highest(keys, count);
};

/**
 * The actors most similar to a profile, best first: of those with an item in common the most
 * recent `comparedMax`, and of these the ones with the most in common. Ties go to the more recent,
 * then by the actor's key: each order is one number of at most 53 bits.
 */
export const similar = (
  rings: readonly (Buffer | undefined)[],
  { self, comparedMax, neighboursMax }: SimilarOptions,
): readonly Neighbour[] => {
  const found = collect(rings, self);
  const compared = mostRecent(found, comparedMax);
  const keys = new Float64Array(compared.length);
  for (let place = 0; place < keys.length; place++) {
    const number = compared[place] as number;
    keys[place] =
      (found.shares[number] as number) * 2 ** 42 +
      (found.newest[number] as number) * 2 ** 10 +
      ((found.own[number] as number) >>> 22);
  }
  const places = [...highest(keys, neighboursMax)];
  places.sort((a, b) => (keys[b] as number) - (keys[a] as number) || a - b);
  return places.map((place) => {
    const number = compared[place] as number;
    const own = found.own[number] as number;
    return {
      user: found.user[number] as number,
      own,
      slot: slotOf(own),
      similarity: (found.shares[number] as number) / rings.length,
      first: found.first[number] as number,
    };
  });
};

import type { RowCodec } from '../model.ts';
import { hoursOfDay, rungs } from './layout.ts';

/** Items of a rung, best first; weights are log2 of fading visits. */
export interface Rung {
  readonly items: string[];
  readonly weights: number[];
}

/** What a partition of the fold knows of all its items together. */
export interface Ladder {
  visits: number;
  /** Visits of users who had been at the item before. */
  returns: number;
  /** Visits by hour of the day (UTC). */
  readonly hours: number[];
  readonly rungs: readonly Rung[];
}

const layoutVersion = 1;
const hoursAt = 24;
const headBytes = hoursAt + 8 * hoursOfDay;

export const emptyLadder = (): Ladder => ({
  visits: 0,
  returns: 0,
  hours: Array.from({ length: hoursOfDay }, () => 0),
  rungs: Array.from({ length: rungs }, () => ({ items: [], weights: [] })),
});

/**
 * Keeps the top of a rung exactly with one insertion per event: fading multiplies all weights
 * alike, so that only the visited item can have risen.
 */
export const climb = (
  { items, weights }: Rung,
  visited: { readonly item: string; readonly weight: number; readonly itemsMax: number },
): void => {
  const { item, weight, itemsMax } = visited;
  let place = items.indexOf(item);
  if (place < 0) {
    if (items.length === itemsMax) {
      const last = itemsMax - 1;
      if (!above(weight, item, { weight: weights[last] as number, item: items[last] as string }))
        return;
      items.pop();
      weights.pop();
    }
    place = items.push(item) - 1;
    weights.push(weight);
  }
  for (; place > 0; place--) {
    const before = { weight: weights[place - 1] as number, item: items[place - 1] as string };
    if (!above(weight, item, before)) break;
    items[place] = before.item;
    weights[place] = before.weight;
  }
  items[place] = item;
  weights[place] = weight;
};

const above = (
  weight: number,
  item: string,
  other: { readonly weight: number; readonly item: string },
): boolean => weight > other.weight || (weight === other.weight && item < other.item);

/** Little-endian: [u8 layout], pad to 8, [f64 visits][f64 returns][f64 x 24], then the rungs. */
export const ladders: RowCodec<Ladder> = {
  decode(bytes) {
    if (bytes[0] !== layoutVersion)
      throw new Error(`blend: a stored ladder has an unknown layout (${bytes.length} bytes)`);
    const ladder = emptyLadder();
    ladder.visits = bytes.readDoubleLE(8);
    ladder.returns = bytes.readDoubleLE(16);
    for (let hour = 0; hour < hoursOfDay; hour++)
      ladder.hours[hour] = bytes.readDoubleLE(hoursAt + 8 * hour);
    let place = headBytes;
    for (const { items, weights } of ladder.rungs) {
      const count = bytes.readUInt16LE(place);
      place += 2;
      for (let index = 0; index < count; index++) {
        weights.push(bytes.readDoubleLE(place));
        const end = place + 10 + bytes.readUInt16LE(place + 8);
        items.push(bytes.toString('utf8', place + 10, end));
        place = end;
      }
    }
    return ladder;
  },
  encode(ladder) {
    const bytes = Buffer.alloc(sizeOf(ladder));
    bytes[0] = layoutVersion;
    bytes.writeDoubleLE(ladder.visits, 8);
    bytes.writeDoubleLE(ladder.returns, 16);
    for (const [hour, visits] of ladder.hours.entries())
      bytes.writeDoubleLE(visits, hoursAt + 8 * hour);
    let place = headBytes;
    for (const { items, weights } of ladder.rungs) {
      place = bytes.writeUInt16LE(items.length, place);
      for (const [index, item] of items.entries()) {
        place = bytes.writeDoubleLE(weights[index] as number, place);
        const length = bytes.write(item, place + 2, 'utf8');
        place = bytes.writeUInt16LE(length, place) + length;
      }
    }
    return { whole: bytes };
  },
  bytes: sizeOf,
};

function sizeOf(ladder: Ladder): number {
  let size = headBytes;
  for (const { items } of ladder.rungs) {
    size += 2;
    for (const item of items) size += 10 + Buffer.byteLength(item);
  }
  return size;
}

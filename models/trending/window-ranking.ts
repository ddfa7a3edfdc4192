import type { RowCodec } from '../model.ts';
import { parts, readSums, sumAt, type Window, writeSums } from './window.ts';

interface Entry {
  readonly item: string;
  readonly newest: number;
  readonly sums: Float32Array;
  /** Of the window that ends with the ranking's newest part. */
  sum: number;
}

/**
 * The top items of one partition within the window. Time takes weight away, so the order is made
 * anew when a part begins. Every item that is here has its exact sum; one that is not was no
 * better, at its newest event, than all that were here then.
 */
export interface WindowRanking {
  /** The newest part that any item of the partition has an event in. */
  newest: number;
  /** Best first: by sum, then item id. */
  readonly entries: Entry[];
  readonly byItem: Map<string, Entry>;
  changed: boolean;
}

export const emptyWindowRanking = (): WindowRanking => ({
  newest: 0,
  entries: [],
  byItem: new Map(),
  changed: false,
});

const before = (a: Pick<Entry, 'sum' | 'item'>, b: Pick<Entry, 'sum' | 'item'>): number =>
  b.sum - a.sum || (a.item < b.item ? -1 : a.item > b.item ? 1 : 0);

/** Where the entry stands, or would stand. */
const rankOf = (entries: readonly Entry[], entry: Pick<Entry, 'sum' | 'item'>): number => {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(entries[middle] as Entry, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const moveTo = (ranking: WindowRanking, newest: number): void => {
  ranking.newest = newest;
  for (const entry of ranking.entries) entry.sum = sumAt(entry, newest);
  ranking.entries.sort(before);
  while ((ranking.entries.at(-1)?.sum ?? 1) <= 0) dropLast(ranking);
};

const dropLast = ({ entries, byItem }: WindowRanking): void => {
  const last = entries.pop();
  if (last !== undefined) byItem.delete(last.item);
};

/** Puts `item` where its window belongs, or leaves it out. */
export const placeWindow = (
  ranking: WindowRanking,
  given: { readonly item: string; readonly window: Window; readonly itemsMax: number },
): void => {
  const { item, window, itemsMax } = given;
  ranking.changed = true;
  if (window.newest > ranking.newest) moveTo(ranking, window.newest);
  const { entries, byItem } = ranking;
  const known = byItem.get(item);
  if (known !== undefined) entries.splice(rankOf(entries, known), 1);
  byItem.delete(item);
  const sum = sumAt(window, ranking.newest);
  const entry = { item, newest: window.newest, sums: window.sums.slice(), sum };
  const rank = rankOf(entries, entry);
  if (sum <= 0 || rank >= itemsMax) return;
  entries.splice(rank, 0, entry);
  byItem.set(item, entry);
  while (entries.length > itemsMax) dropLast(ranking);
};

const layout = 2;
const headBytes = 7;
const entryHeadBytes = 6 + 4 * parts;

/**
 * [u8 layout][u32 newest][u16 items], then per item, best first,
 * [u32 newest][f32 sum] * parts[u16 length][id], little-endian.
 */
export const windowRankings: RowCodec<WindowRanking> = {
  decode(bytes) {
    if (bytes[0] !== layout) throw new Error('trending: a stored ranking has an unknown layout');
    const ranking = emptyWindowRanking();
    ranking.newest = bytes.readUInt32LE(1);
    const count = bytes.readUInt16LE(5);
    let at = headBytes;
    for (let index = 0; index < count; index++) {
      const newest = bytes.readUInt32LE(at);
      const sums = readSums(bytes, at + 4);
      const end = at + entryHeadBytes + bytes.readUInt16LE(at + entryHeadBytes - 2);
      const item = bytes.toString('utf8', at + entryHeadBytes, end);
      const entry = { item, newest, sums, sum: sumAt({ newest, sums }, ranking.newest) };
      ranking.entries.push(entry);
      ranking.byItem.set(item, entry);
      at = end;
    }
    return ranking;
  },
  encode(ranking) {
    if (!ranking.changed) return { patches: [] };
    ranking.changed = false;
    const bytes = Buffer.allocUnsafe(sizeOf(ranking));
    bytes[0] = layout;
    bytes.writeUInt32LE(ranking.newest, 1);
    bytes.writeUInt16LE(ranking.entries.length, 5);
    let at = headBytes;
    for (const { item, newest, sums } of ranking.entries) {
      bytes.writeUInt32LE(newest, at);
      writeSums(bytes, at + 4, sums);
      const length = bytes.write(item, at + entryHeadBytes, 'utf8');
      bytes.writeUInt16LE(length, at + entryHeadBytes - 2);
      at += entryHeadBytes + length;
    }
    return { whole: bytes };
  },
  bytes: (ranking) => sizeOf(ranking),
};

const sizeOf = ({ entries }: WindowRanking): number =>
  entries.reduce((sum, { item }) => sum + entryHeadBytes + Buffer.byteLength(item), headBytes);

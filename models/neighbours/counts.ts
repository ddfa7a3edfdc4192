import type { ItemSide } from '../model.ts';
import { Ring } from './ring.ts';
import type { Row } from './rows.ts';
import { layoutVersion } from './layout.ts';

/**
 * How many actors there were in a partition, and how many of them visited each item, for the idf
 * of candidates: their own rows would be a third read. Items have one byte in each of two tables by
 * their hash, in eighths of an octave; where items meet the larger count stays, so of an item's two
 * bytes the smaller one is the truth or nearest to it. Bytes change ever more rarely.
 *
 * [u8 layout][3 unused][f64 actors][first table][second table]
 */
const headBytes = 12;
const tableBytes = 16_384;
const bytesInAll = headBytes + 2 * tableBytes;
/** More changed bytes than this are not worth listing. */
const changesMax = 200;

export interface Counts {
  readonly bytes: Buffer;
  actors: number;
  changed: number[] | null;
  actorsChanged: boolean;
}

/** FNV-1a of an id's bytes. */
export const markOf = (bytes: Uint8Array, start: number, end: number): number => {
  let mark = 0x811c9dc5;
  for (let index = start; index < end; index++)
    mark = Math.imul(mark ^ (bytes[index] as number), 0x01000193);
  return mark;
};

/** The same of an id that is still a string. */
const markOfId = (id: string): number => {
  let mark = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) {
    const code = id.charCodeAt(index);
    if (code > 0x7f) return markOf(Buffer.from(id), 0, Buffer.byteLength(id));
    mark = Math.imul(mark ^ code, 0x01000193);
  }
  return mark;
};

/** All bits of a mark in all bits of the hash: parts of it are places. */
const hashOf = (mark: number): number => {
  const mixed = Math.imul(mark ^ (mark >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
};

const firstAt = (hash: number): number => headBytes + (hash & (tableBytes - 1));
const secondAt = (hash: number): number =>
  headBytes + tableBytes + ((hash >>> 14) & (tableBytes - 1));

const octaveParts = 8;
const packCount = (count: number): number =>
  Math.min(255, 1 + Math.floor(octaveParts * Math.log2(count)));
/** The middle of what a byte stands for. */
const counts: Float64Array = Float64Array.from({ length: 256 }, (_, packed) =>
  packed === 0 ? 0 : packed === 1 ? 1 : 2 ** ((packed - 0.5) / octaveParts),
);

const raise = (ranking: Counts, at: number, packed: number): void => {
  if ((ranking.bytes[at] as number) >= packed) return;
  ranking.bytes[at] = packed;
  if (ranking.changed?.length === changesMax) ranking.changed = null;
  ranking.changed?.push(at);
};

export const actorCounts: NonNullable<ItemSide<Row, Counts>['ranking']> = {
  empty: () => ({ bytes: blank(), actors: 0, changed: null, actorsChanged: false }),
  place(ranking, item, row) {
    if (row instanceof Ring) {
      const packed = packCount(row.actors);
      const hash = hashOf(markOfId(item));
      raise(ranking, firstAt(hash), packed);
      raise(ranking, secondAt(hash), packed);
    } else if (row.begun) {
      row.begun = false;
      ranking.actors++;
      ranking.actorsChanged = true;
    }
  },
  decode(stored) {
    if (stored[0] !== layoutVersion || stored.length !== bytesInAll)
      throw new Error(`neighbours: stored counts have an unknown layout (${stored.length} bytes)`);
    const bytes = Buffer.from(stored);
    return { bytes, actors: bytes.readDoubleLE(4), changed: [], actorsChanged: false };
  },
  encode(ranking) {
    const { bytes, changed, actorsChanged } = ranking;
    bytes.writeDoubleLE(ranking.actors, 4);
    ranking.changed = [];
    ranking.actorsChanged = false;
    if (changed === null) return { whole: Buffer.from(bytes) };
    const at = (from: number, to: number) => ({
      at: from,
      bytes: Buffer.from(bytes.subarray(from, to)),
    });
    const patches = [...new Set(changed)].map((one) => at(one, one + 1));
    return { patches: actorsChanged ? [at(4, headBytes), ...patches] : patches };
  },
  bytes: () => bytesInAll,
};

const blank = (): Buffer => {
  const bytes = Buffer.alloc(bytesInAll);
  bytes[0] = layoutVersion;
  return bytes;
};

/** How rare the item of a mark is, of the counts of all partitions: ln(actors / actors who visited it). */
export const rarity = (stored: readonly Buffer[]): ((mark: number) => number) => {
  const known = stored.filter((one) => one.length === bytesInAll && one[0] === layoutVersion);
  let actors = 0;
  for (const one of known) actors += one.readDoubleLE(4);
  return (mark) => {
    const hash = hashOf(mark);
    let visited = 0;
    // An item is counted in one partition alone; in the others only those that share its bytes.
    for (const one of known)
      visited = Math.max(
        visited,
        Math.min(
          counts[one[firstAt(hash)] as number] as number,
          counts[one[secondAt(hash)] as number] as number,
        ),
      );
    return visited > 0 && actors > visited ? Math.log(actors / visited) : 0;
  };
};

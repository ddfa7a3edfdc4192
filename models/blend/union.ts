import type { OwnItem, Profile } from '../model.ts';
import { bestOf } from './best-first.ts';
import type { MergedLadder } from './merged-ladder.ts';
import { type PairList, Pairs, Room } from './pairs.ts';
import { pairSources, pairSourcesMax, sumUp } from './sources.ts';
import { readRow } from './stored-row.ts';

/** Which of all candidates get all features, and what the rows say of them. */
export interface Found {
  /** Ids of the union, in the order in which the sources proposed them. */
  readonly itemIds: readonly string[];
  /** The cells of the members, each with its place in the union. */
  readonly pairs: PairList;
  /** Per member the most that it was paired with one of the user's items. */
  readonly pairedVisits: Float64Array;
}

export interface FindOptions {
  readonly recentItemsMax: number;
  readonly unionMax: number;
  /** Further sources. */
  readonly sources: readonly unknown[];
}

export interface Known {
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly ladder: MergedLadder;
  /** Best first, by further source. */
  readonly extras: readonly (readonly string[])[];
}

export function find(profile: Profile, known: Known, options: FindOptions): Found {
  const { rows, ladder, extras } = known;
  const before = kept.get(rows);
  const mine = before?.profile === profile ? before : null;
  if (extras.length === 0 && mine !== null && mine.found !== null) return mine.found;
  const from = mine?.gathered ?? gather(profile, known, options);
  const lists = [
    ...from.best,
    profile.recents.map(ownId),
    ...ladder.rungs.map(({ items }) => items),
    ...extras,
  ];
  const found = unite(lists, from, options.unionMax);
  const again = options.sources.length === 0 ? null : from;
  kept.set(rows, { profile, gathered: again, found: extras.length === 0 ? found : null });
  return found;
}

interface Gathered {
  readonly pairs: Pairs;
  /** The best neighbours by source, best first; none of those that are barred. */
  readonly best: readonly (readonly number[])[];
  /** What is not to be proposed. */
  readonly barred: ReadonlySet<string>;
}

interface Kept {
  readonly profile: Profile;
  /** What the union with further sources begins with; null where there are none. */
  readonly gathered: Gathered | null;
  /** The union without further sources: what `figures` asks heads for. */
  readonly found: Found | null;
}

/**
 * What `figures` found, for `rank` of the same rows: gone with them. As little as goes: a slice asks
 * for the figures of many users before it ranks the first.
 */
const kept = new WeakMap<ReadonlyMap<string, Buffer>, Kept>();

/**
 * First by an estimate: a neighbour counts as visited as often as it was paired with one of the
 * user's items, which is hardly ever more than it was. So no head is read of what will not be
 * ranked anyway.
 */
function gather(
  profile: Profile,
  { rows, ladder }: Known,
  { recentItemsMax, sources }: FindOptions,
): Gathered {
  const recents = profile.recents.slice(0, recentItemsMax);
  const read = recents.map(({ itemId }) => readRow(rows.get(itemId)));
  const pairs = new Pairs(read, sources.length === 0 ? room : new Room());
  const bySource = zeros(pairs.size);
  sumUp(pairs, { profile, visits: pairs.visits, bySource });
  const barred = comesBack(ladder) ? nobodys : hadBy(profile);
  for (const id of barred) {
    const neighbour = pairs.indexOf(id);
    if (neighbour >= 0) for (const scores of bySource) scores[neighbour] = 0;
  }
  const best = bySource.map((scores, source) =>
    bestOf(scores, pairs.size, pairSourcesMax[source] as number),
  );
  return { pairs, best, barred };
}

/** Where only the union is kept, its pairs are gone before the next are made. */
const room = new Room();

/** Estimates, in memory that is used again: nothing looks at them after `gather`. */
let estimates = pairSources.map(() => new Float64Array(8_192));

const zeros = (size: number): readonly Float64Array[] => {
  if ((estimates[0] as Float64Array).length < size)
    estimates = pairSources.map(() => new Float64Array(2 * size));
  for (const scores of estimates) scores.fill(0, 0, size);
  return estimates;
};

const nobodys: ReadonlySet<string> = new Set();

const ownId = ({ itemId }: OwnItem): string => itemId;

const hadBy = ({ recents, had }: Profile): ReadonlySet<string> =>
  new Set([...recents.map(ownId), ...(had?.() ?? [])]);

/**
 * Whether users come back to items at all. Where they do not (ratings, say), their own items would
 * only take room from others: a share of returns of less than one in a thousand is taken for noise.
 */
const comesBack = ({ visits, returns }: MergedLadder): boolean =>
  visits < 1_000 || returns * 1_000 >= visits;

/** In turns, the best of each list first, until there is no room. */
const unite = (
  lists: readonly (readonly (number | string)[])[],
  { pairs, barred }: Gathered,
  unionMax: number,
): Found => {
  /** By neighbour. */
  const placeOf = new Int32Array(pairs.size).fill(-1);
  const named = new Set<string>(barred);
  const itemIds: string[] = [];
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let turn = 0; turn < longest && itemIds.length < unionMax; turn++)
    for (const list of lists) {
      if (itemIds.length === unionMax) break;
      const one = list[turn];
      if (one === undefined) continue;
      if (typeof one === 'number') {
        if (placeOf[one] === -1) placeOf[one] = itemIds.push(pairs.idOf(one)) - 1;
      } else if (!named.has(one)) {
        named.add(one);
        // Items that came from another list may be neighbours too.
        const neighbour = pairs.indexOf(one);
        if (neighbour >= 0 && placeOf[neighbour] !== -1) continue;
        if (neighbour >= 0) placeOf[neighbour] = itemIds.length;
        itemIds.push(one);
      }
    }
  return { itemIds, ...pairsOf(pairs, placeOf, itemIds.length) };
};

let placesOf = new Int32Array(8_192);
let pairsAt = new Int32Array(8_192);

/** What is known of the members alone. */
const pairsOf = (
  all: Pairs,
  placeOf: Int32Array,
  members: number,
): Pick<Found, 'pairs' | 'pairedVisits'> => {
  if (placesOf.length < all.count) {
    placesOf = new Int32Array(2 * all.count);
    pairsAt = new Int32Array(2 * all.count);
  }
  const ends = new Int32Array(all.rows.length);
  const { pairOf, pairAt } = all;
  let count = 0;
  for (let row = 0, pair = 0; row < ends.length; row++) {
    for (const end = all.ends[row] as number; pair < end; pair++) {
      const place = placeOf[pairOf[pair] as number] as number;
      placesOf[count] = place;
      pairsAt[count] = pairAt[pair] as number;
      // Which are members no processor foresees: one that is not is written over by the next.
      count += 1 + (place >> 31);
    }
    ends[row] = count;
  }
  const pairedVisits = new Float64Array(members);
  for (let neighbour = 0; neighbour < all.size; neighbour++) {
    const place = placeOf[neighbour] as number;
    if (place >= 0) pairedVisits[place] = all.visits[neighbour] as number;
  }
  const pairs = {
    rows: all.rows,
    ends,
    pairOf: placesOf.slice(0, count),
    pairAt: pairsAt.slice(0, count),
  };
  return { pairs, pairedVisits };
};

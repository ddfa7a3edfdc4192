import { threshold } from '../threshold.ts';
import type { OwnItem, Profile } from '../model.ts';
import { column } from './layout.ts';
import type { MergedLadder } from './merged-ladder.ts';
import { Pairs } from './pairs.ts';
import { pairSourcesMax, sumUp } from './sources.ts';
import { readRow, type StoredRow } from './stored-row.ts';

/** The neighbours of the user's items, and which of all candidates get all features. */
export interface Found {
  readonly pairs: Pairs;
  /** Ids of the union, in the order in which the sources proposed them. */
  readonly itemIds: readonly string[];
  /** Per neighbour its place in the union, or -1. */
  readonly placeOf: Int32Array;
}

export interface FindOptions {
  readonly recentItemsMax: number;
  readonly unionMax: number;
}

export interface Known {
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly ladder: MergedLadder;
  /** Best first, by further source. */
  readonly extras: readonly (readonly string[])[];
}

export function find(profile: Profile, known: Known, options: FindOptions): Found {
  const from = gather(profile, known, options.recentItemsMax);
  if (known.extras.length === 0 && from.found !== null) return from.found;
  const { pairs, estimates, barred } = from;
  const lists: (readonly (number | string)[])[] = [
    ...estimates.map((scores, source) => best(scores, pairSourcesMax[source] as number)),
    profile.recents.map(ownId),
    ...known.ladder.rungs.map(({ items }) => items),
    ...known.extras,
  ];
  const found = { pairs, ...unite(lists, pairs, { barred, unionMax: options.unionMax }) };
  if (known.extras.length === 0) from.found = found;
  return found;
}

interface Gathered {
  readonly profile: Profile;
  readonly pairs: Pairs;
  /** By source, then neighbour; 0 for those that are barred. */
  readonly estimates: readonly Float64Array[];
  /** What is not to be proposed. */
  readonly barred: ReadonlySet<string>;
  /** The union of these alone: what `figures` asks heads for. */
  found: Found | null;
}

/** What `figures` gathered, for `rank` of the same rows: gone with them. */
const gathered = new WeakMap<ReadonlyMap<string, Buffer>, Gathered>();

/**
 * First by an estimate: a neighbour counts as visited as often as it was paired with one of the
 * user's items, which is hardly ever more than it was. So no head is read of what will not be
 * ranked anyway.
 */
function gather(profile: Profile, { rows, ladder }: Known, recentItemsMax: number): Gathered {
  const before = gathered.get(rows);
  if (before?.profile === profile) return before;
  const recents = profile.recents.slice(0, recentItemsMax);
  const pairs = new Pairs(recents.map(({ itemId }) => readRow(rows.get(itemId))));
  const placeOf = Int32Array.from({ length: pairs.size }, (_, place) => place);
  const visits = pairedVisits(pairs);
  const { bySource } = sumUp(pairs, profile, { placeOf, count: pairs.size, visits });
  const barred = comesBack(ladder) ? nobodys : hadBy(profile);
  for (const id of barred) {
    const neighbour = pairs.indexOf(id);
    if (neighbour >= 0) for (const scores of bySource) scores[neighbour] = 0;
  }
  const made: Gathered = { profile, pairs, estimates: bySource, barred, found: null };
  gathered.set(rows, made);
  return made;
}

const nobodys: ReadonlySet<string> = new Set();

/** The most that a neighbour was paired with one of the user's items. */
export const pairedVisits = (pairs: Pairs): Float64Array => {
  const visits = new Float64Array(pairs.size);
  for (let pair = 0; pair < pairs.count; pair++) {
    const { floats } = pairs.rows[pairs.pairRow[pair] as number] as StoredRow;
    const near = floats[(pairs.pairAt[pair] as number) + column.near] as number;
    const place = pairs.pairOf[pair] as number;
    if (near > (visits[place] as number)) visits[place] = near;
  }
  return visits;
};

const best = (scores: Float64Array, count: number): number[] => {
  const edge = Math.max(threshold(scores, scores.length, count), Number.MIN_VALUE);
  const places: number[] = [];
  for (let place = 0; place < scores.length; place++)
    if ((scores[place] as number) >= edge) places.push(place);
  return places
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, count);
};

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
  pairs: Pairs,
  { barred, unionMax }: { readonly barred: ReadonlySet<string>; readonly unionMax: number },
): Pick<Found, 'itemIds' | 'placeOf'> => {
  const places = new Set<string>();
  const taken = new Set<number>();
  const itemIds: string[] = [];
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let turn = 0; turn < longest; turn++)
    for (const list of lists) {
      const one = list[turn];
      if (itemIds.length === unionMax) break;
      if (one === undefined || (typeof one === 'number' && taken.has(one))) continue;
      const id = typeof one === 'number' ? pairs.idOf(one) : one;
      if (typeof one === 'number') taken.add(one);
      if (places.has(id) || barred.has(id)) continue;
      places.add(id);
      itemIds.push(id);
    }
  const placeOf = new Int32Array(pairs.size).fill(-1);
  // Items that came from another list may be neighbours too.
  for (const [place, id] of itemIds.entries()) {
    const neighbour = pairs.indexOf(id);
    if (neighbour >= 0) placeOf[neighbour] = place;
  }
  return { itemIds, placeOf };
};

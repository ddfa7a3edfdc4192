import { threshold } from '../threshold.ts';
import { termsMax } from '../item-terms.ts';
import type { ItemTable } from '../item-table.ts';
import type { Candidate, Profile } from '../model.ts';
import type { TermIndex } from '../term-index.ts';
import { weightOf } from '../type-weights.ts';
import type { Retrieval } from './config.ts';

/** BM25's k1, for terms that an item has once or not at all. */
const saturation = 1.2;
/** How many of the best may be the user's own, or over, before all are ordered again. */
const spareMax = 20;

export interface Settings {
  readonly config: Retrieval;
  readonly typeWeights: ReadonlyMap<string, number>;
}

/** An item of the user's own whose terms are known. */
interface OwnTerms {
  readonly itemId: string;
  readonly terms: Uint32Array;
  /** What a shared term's idf is multiplied by, so that the item is alike to itself by its part. */
  readonly unit: number;
}

/** The part of BM25 that an item's length makes, the same for all of its terms; by length. */
const lengthParts = (index: TermIndex, lengthShare: number): Float64Array => {
  const mean = index.meanTerms;
  return Float64Array.from(
    { length: termsMax + 1 },
    (_, length) =>
      (saturation + 1) / (1 + saturation * (1 - lengthShare + (lengthShare * length) / mean)),
  );
};

const ownTerms = (
  { recents }: Profile,
  index: TermIndex,
  { config, typeWeights }: Settings,
): readonly OwnTerms[] => {
  const found: OwnTerms[] = [];
  const parts = lengthParts(index, config.lengthShare);
  for (const [position, { itemId, type }] of recents.slice(0, config.recentItemsMax).entries()) {
    const item = index.numberOf(itemId);
    const part = config.recentDecay ** position * weightOf(typeWeights, type);
    if (item === undefined || part === 0) continue;
    const terms = index.termsOf(item);
    let sum = 0;
    for (const term of terms) sum += index.idf(term);
    const toItself = sum * (parts[terms.length] as number);
    found.push({ itemId, terms, unit: part / toItself });
  }
  return found;
};

/** What each term of the user's own items adds to an item that has it; the rarest terms first. */
const queryOf = (own: readonly OwnTerms[], index: TermIndex): [number, number][] => {
  const gains = new Map<number, number>();
  for (const { terms, unit } of own)
    for (const term of terms) gains.set(term, (gains.get(term) ?? 0) + unit * index.idf(term));
  // By name among equals: numbers depend on the order in which items came.
  return [...gains].sort(
    ([a], [b]) =>
      index.holdersOf(a) - index.holdersOf(b) || (index.nameOf(a) < index.nameOf(b) ? -1 : 1),
  );
};

interface Scored {
  readonly items: Int32Array;
  readonly scores: Float64Array;
  readonly count: number;
}

/** Every item that was met within the bound, in the order of meeting. */
const scan = (
  query: readonly (readonly [number, number])[],
  index: TermIndex,
  { postingsScannedMax, lengthShare }: Retrieval,
): Scored => {
  const sums = index.scratch();
  const items = new Int32Array(Math.min(postingsScannedMax, index.size));
  let count = 0;
  let left = postingsScannedMax;
  for (const [term, gain] of query) {
    const postings = index.postingsOf(term);
    const end = Math.max(0, postings.length - left);
    for (let at = postings.length - 1; at >= end; at--) {
      const item = postings[at] as number;
      const sum = sums[item] as number;
      if (sum === 0) items[count++] = item;
      sums[item] = sum + gain;
    }
    left -= postings.length - end;
    if (left === 0) break;
  }
  const parts = lengthParts(index, lengthShare);
  const scores = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const item = items[at] as number;
    scores[at] = (sums[item] as number) * (parts[index.countOf(item)] as number);
    sums[item] = 0;
  }
  return { items, scores, count };
};

/** Places of the best in order; among equals at the edge those that were met first: the newest. */
const best = ({ items, scores, count }: Scored, index: TermIndex, most: number): number[] => {
  const edge = threshold(scores, count, most);
  const places: number[] = [];
  const equal: number[] = [];
  for (let at = 0; at < count; at++) {
    const score = scores[at] as number;
    if (score > edge) places.push(at);
    else if (score === edge && equal.length < most) equal.push(at);
  }
  places.push(...equal.slice(0, Math.max(0, most - places.length)));
  return places.sort(
    (a, b) =>
      (scores[b] as number) - (scores[a] as number) ||
      index.compare(items[b] as number, items[a] as number),
  );
};

/** Asking after every item that was met would cost more than the search: it asks after the best. */
const bestThatMay = (
  scored: Scored,
  index: TermIndex,
  { depth, may }: { readonly depth: number; readonly may: (itemId: string) => boolean },
): Candidate[] => {
  for (let most = depth + spareMax; ; most *= 2) {
    const found: Candidate[] = [];
    for (const at of best(scored, index, most)) {
      const itemId = index.idOf(scored.items[at] as number);
      if (!may(itemId)) continue;
      found.push({ itemId, score: scored.scores[at] as number });
      if (found.length === depth) return found;
    }
    if (most >= scored.count) return found;
  }
};

/** Items by how alike they are to the user's last ones. */
export const alike = (profile: Profile, items: ItemTable, settings: Settings): Candidate[] => {
  const index = items.terms;
  if (index === null || index.size === 0) return [];
  const { config } = settings;
  const own = ownTerms(profile, index, settings);
  if (own.length === 0) return [];
  const scored = scan(queryOf(own, index), index, config);
  const mine = new Set(config.ownItems ? [] : profile.recents.map(({ itemId }) => itemId));
  const may = (itemId: string): boolean => !mine.has(itemId) && !items.over(itemId, profile.atMs);
  return bestThatMay(scored, index, { depth: config.depth, may });
};

/** The own item to which `itemId` is most alike. */
export const mostAlike = (
  profile: Profile,
  items: ItemTable,
  settings: Settings,
): ((itemId: string) => string | null) => {
  const index = items.terms;
  if (index === null) return () => null;
  const own = ownTerms(profile, index, settings);
  return (itemId) => {
    const item = index.numberOf(itemId);
    if (item === undefined) return null;
    const terms = new Set(index.termsOf(item));
    let most = 0;
    let because: string | null = null;
    for (const one of own) {
      let sum = 0;
      for (const term of one.terms) if (terms.has(term)) sum += index.idf(term) * one.unit;
      if (sum > most) [most, because] = [sum, one.itemId];
    }
    return because;
  };
};

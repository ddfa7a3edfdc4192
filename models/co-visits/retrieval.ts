import type { Candidate, PersonalRetrieval, Profile } from '../model.ts';
import { type OneSource, oneSource } from '../one-source.ts';
import { headBytes } from './layout.ts';
import { type Learning, type Retrieval, halfLives } from './config.ts';
import { type StoredRow, idAt, readHead, readRow } from './stored-row.ts';
import { threshold } from '../threshold.ts';
import { Union } from './union.ts';

type Rows = ReadonlyMap<string, Buffer>;

/** What the two steps share: the union of the neighbours, and the best of them by an estimate. */
interface Found {
  readonly union: Union;
  /** Present visits of the row's item, and the part of its position, per row of the union. */
  readonly visits: readonly number[];
  readonly parts: readonly number[];
  /** Numbers of the neighbours that are scored, and their ids. */
  readonly scored: readonly number[];
  readonly ids: readonly string[];
  /** The moment that 'present' means, in half-lives. */
  readonly time: number;
}

interface Settings {
  readonly learning: Learning;
  readonly config: Retrieval;
}

const recentsOf = (profile: Profile, config: Retrieval): string[] =>
  profile.recents.slice(0, config.recentItemsMax).map(({ itemId }) => itemId);

const find = (profile: Profile, rows: Rows, { learning, config }: Settings): Found => {
  // The user's own newest event is 'now': nothing here may depend on a clock.
  const time = halfLives(learning, profile.recents[0]?.atMs ?? 0);
  const stored: StoredRow[] = [];
  const visits: number[] = [];
  const units: number[] = [];
  const parts: number[] = [];
  for (const [position, itemId] of recentsOf(profile, config).entries()) {
    const row = readRow(rows.get(itemId));
    if (row === null || !(row.own > 0)) continue;
    const unit = 2 ** (row.epoch - time);
    stored.push(row);
    units.push(unit);
    visits.push(row.own * unit);
    parts.push(config.recentDecay ** position);
  }
  const union = new Union(stored, units);
  const scored = best(union, estimates(union, { visits, parts, config }), config.scoredItemsMax);
  const ids = scored.map((neighbour) => idOf(union, neighbour));
  return { union, visits, parts, scored, ids, time };
};

const idOf = (union: Union, neighbour: number): string => {
  const row = union.rows[union.idRow[neighbour] as number] as StoredRow;
  const start = union.idStart[neighbour] as number;
  return idAt(row.bytes, start, start + row.stride - 8);
};

/**
 * The score that a neighbour would have had it been visited no more often than it was seen
 * together with one of the user's items. Visits are hardly ever fewer (only where users return to
 * one item of a pair), so this bounds the score from above without reading the neighbour's row.
 */
const estimates = (
  union: Union,
  given: Pick<Found, 'visits' | 'parts'> & { readonly config: Retrieval },
): Float64Array => {
  const sums = new Float64Array(union.size);
  for (let pair = 0; pair < union.pairs; pair++) {
    const neighbour = union.pairOf[pair] as number;
    const row = union.pairRow[pair] as number;
    const product = (given.visits[row] as number) * (union.largest[neighbour] as number);
    const cosine = (union.pairWeight[pair] as number) / (Math.sqrt(product) + given.config.shrink);
    sums[neighbour] = (sums[neighbour] as number) + (given.parts[row] as number) * cosine;
  }
  return sums;
};

/** Numbers of the best `count`; among equals at the edge those that were found first. */
const best = (union: Union, sums: Float64Array, count: number): number[] => {
  const edge = threshold(sums, union.size, count);
  const above: number[] = [];
  const equal: number[] = [];
  for (let neighbour = 0; neighbour < union.size; neighbour++) {
    const sum = sums[neighbour] as number;
    if (sum > edge) above.push(neighbour);
    else if (sum === edge) equal.push(neighbour);
  }
  return [...above, ...equal.slice(0, Math.max(0, count - above.length))];
};

const score = (found: Found, heads: Rows, rows: Rows, config: Retrieval): Candidate[] => {
  const { union, scored, ids } = found;
  const visits = new Float64Array(union.size);
  for (const [index, neighbour] of scored.entries()) {
    const id = ids[index] as string;
    const head = readHead(heads.get(id) ?? rows.get(id));
    // A neighbour whose own row is not there yet counts as visited as often as it was paired.
    const own = head === null ? 0 : head.own * 2 ** (head.epoch - found.time);
    visits[neighbour] = own > 0 ? own : (union.largest[neighbour] as number);
  }
  const sums = new Float64Array(union.size);
  for (let pair = 0; pair < union.pairs; pair++) {
    const neighbour = union.pairOf[pair] as number;
    const own = visits[neighbour] as number;
    if (own === 0) continue;
    const row = union.pairRow[pair] as number;
    const product = (found.visits[row] as number) * own;
    const cosine = (union.pairWeight[pair] as number) / (Math.sqrt(product) + config.shrink);
    sums[neighbour] = (sums[neighbour] as number) + (found.parts[row] as number) * cosine;
  }
  return scored.map((neighbour, index) => ({
    itemId: ids[index] as string,
    score: sums[neighbour] as number,
  }));
};

const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.itemId < b.itemId ? -1 : 1);

/** The cosine of the user's recent items with each neighbour, summed with falling parts. */
export const cosine = (learning: Learning, config: Retrieval): OneSource => {
  const settings = { learning, config };
  // What `figures` found, for `rank` of the same rows: a memo, gone with the rows.
  const memo = new WeakMap<Rows, { readonly profile: Profile; readonly found: Found }>();
  const foundIn = (profile: Profile, rows: Rows): Found => {
    const known = memo.get(rows);
    if (known?.profile === profile) return known.found;
    const found = find(profile, rows, settings);
    memo.set(rows, { profile, found });
    return found;
  };
  return {
    wants: (profile) => recentsOf(profile, config),
    figures: (profile, rows) => foundIn(profile, rows).ids.filter((id) => !rows.has(id)),
    rank: (profile, rows, heads) =>
      score(foundIn(profile, rows), heads, rows, config).sort(better).slice(0, config.depth),
  };
};

export const retrieval = (learning: Learning, config: Retrieval): PersonalRetrieval =>
  oneSource({ kind: 'co-visits', learning, headBytes }, cosine(learning, config));

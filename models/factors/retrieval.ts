import type { Candidate, Learned, PersonalRetrieval, Profile } from '../model.ts';
import { rankings } from '../trending/ranking.ts';
import type { Learning, Retrieval } from './config.ts';
import { directionOf, rowBytes } from './row.ts';

const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.itemId < b.itemId ? -1 : 1);

/** The items most visited of late, over all partitions; in one order, however these came. */
const comparedIn = (stored: readonly Buffer[], itemsMax: number): string[] => {
  const all: Candidate[] = [];
  for (const bytes of stored) {
    const { items, weights } = rankings.decode(bytes);
    for (let at = 0; at < items.length && at < itemsMax; at++)
      all.push({ itemId: items[at] as string, score: weights[at] as number });
  }
  return all
    .sort(better)
    .slice(0, itemsMax)
    .map(({ itemId }) => itemId);
};

const addTo = (sum: Float64Array, vector: Float64Array, weight: number): void => {
  for (let at = 0; at < sum.length; at++)
    sum[at] = (sum[at] as number) + weight * (vector[at] as number);
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
};

/** The user's factor: those of the user's last items, folded in. Null: none of them has one. */
const factorOf = (
  profile: Profile,
  learned: Learned,
  { dimensions, config }: { readonly dimensions: number; readonly config: Retrieval },
): Float64Array | null => {
  const sum = new Float64Array(dimensions);
  let known = false;
  for (const [position, itemId] of recentsOf(profile, config).entries()) {
    const direction = directionOf(learned.rows.get(itemId), dimensions);
    if (direction === null) continue;
    addTo(sum, direction, config.recentDecay ** position);
    known = true;
  }
  return known ? sum : null;
};

const recentsOf = (profile: Profile, config: Retrieval): string[] =>
  profile.recents.slice(0, config.recentItemsMax).map(({ itemId }) => itemId);

/**
 * Cosine with what all compared items have in common taken out of both sides: else what is visited
 * with everything lies near everybody (Mu, Viswanath, All-but-the-Top, ICLR 2018).
 */
const rank = (
  user: Float64Array,
  items: readonly string[],
  directions: readonly (Float64Array | null)[],
): Candidate[] => {
  const common = new Float64Array(user.length);
  for (const direction of directions) if (direction !== null) addTo(common, direction, 1);
  const length = Math.sqrt(dot(common, common));
  const scale = length > 0 ? 1 / length : 0;
  const userCommon = dot(user, common) * scale;
  const userLength = Math.sqrt(Math.max(0, dot(user, user) - userCommon ** 2));
  const found: Candidate[] = [];
  for (const [at, direction] of directions.entries()) {
    if (direction === null) continue;
    const itemCommon = dot(direction, common) * scale;
    const product = userLength * Math.sqrt(Math.max(0, 1 - itemCommon ** 2));
    const score = product > 1e-9 ? (dot(user, direction) - userCommon * itemCommon) / product : 0;
    if (score > 0) found.push({ itemId: items[at] as string, score });
  }
  return found.sort(better);
};

const nothing: Learned = { rows: new Map(), heads: new Map(), rankings: [] };

export const retrieval = (learning: Learning, config: Retrieval): PersonalRetrieval => {
  const { dimensions } = learning;
  // What was read is kept for many lists, so what is made of it is too: memos, gone with it.
  const compared = new WeakMap<readonly Buffer[], readonly string[]>();
  const directions = new WeakMap<Buffer, { readonly direction: Float64Array | null }>();
  const comparedOf = ({ rankings: stored }: Learned): readonly string[] => {
    let known = compared.get(stored);
    if (known === undefined)
      compared.set(stored, (known = comparedIn(stored, config.comparedItemsMax)));
    return known;
  };
  const directionIn = (bytes: Buffer | undefined): Float64Array | null => {
    if (bytes === undefined) return null;
    let known = directions.get(bytes);
    if (known === undefined)
      directions.set(bytes, (known = { direction: directionOf(bytes, dimensions) }));
    return known.direction;
  };
  return {
    shared: false,
    sources: [{ kind: 'factors', learning, headBytes: rowBytes(dimensions), rankings: true }],
    needsItems: false,
    trainer: null,
    wants: (profile) => [recentsOf(profile, config)],
    figures: (_, [learned = nothing]) => [
      // Of a user whose items are all unknown no list is made.
      learned.rows.size === 0 ? [] : comparedOf(learned).filter((id) => !learned.rows.has(id)),
    ],
    rank: (profile, [learned = nothing]) => {
      const user = factorOf(profile, learned, { dimensions, config });
      if (user === null) return [];
      const items = comparedOf(learned);
      const found = items.map((id) => directionIn(learned.heads.get(id) ?? learned.rows.get(id)));
      return rank(user, items, found).slice(0, config.depth);
    },
    explain: null,
  };
};

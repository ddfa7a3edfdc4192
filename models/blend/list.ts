import type { Learned, Profile, World } from '../model.ts';
import type { Learning, Retrieval } from './config.ts';
import { unquantised } from './example.ts';
import type { Extras } from './extras.ts';
import { bestFirst, placesById } from './best-first.ts';
import { featureCount, featureNames, featuresOf, type Member } from './features.ts';
import { mergeLadders, type MergedLadder } from './merged-ladder.ts';
import { situationOf } from './situation.ts';
import { nearOf, pairSources, type Sums, sumUp } from './sources.ts';
import { readHead, visitsOf } from './stored-row.ts';
import { find, type Found } from './union.ts';
import { averagedIn } from './weights.ts';

export interface BlendParts {
  readonly learning: Learning;
  readonly config: Retrieval;
  readonly extras: Extras;
}

/** Everything about one list: its candidates with all their features, and their order. */
export interface BlendList {
  readonly members: readonly Member[];
  readonly situation: readonly number[];
  readonly features: number;
  readonly matrix: Int8Array;
  readonly scores: Float64Array;
  /** Places of members, best first. */
  readonly order: Int32Array;
  readonly sums: Sums;
  readonly ladder: MergedLadder;
  readonly extraScores: readonly Float64Array[];
}

const nothing: Learned = { rows: new Map(), heads: new Map(), rankings: [] };

export const ownPart = (learned: readonly Learned[]): Learned => learned[0] ?? nothing;

/** The union that `figures` asks heads for; what the extras propose is known only after that. */
export const findFor = (profile: Profile, own: Learned, { learning, config }: BlendParts): Found =>
  find(
    profile,
    { rows: own.rows, ladder: mergeLadders(own.rankings, learning.rankedItemsMax), extras: [] },
    config,
  );

export function makeList(
  profile: Profile,
  learned: readonly Learned[],
  given: { readonly world: World; readonly parts: BlendParts },
): BlendList {
  const { parts, world } = given;
  const own = ownPart(learned);
  const ladder = mergeLadders(own.rankings, parts.learning.rankedItemsMax);
  const proposed = parts.extras.rank(profile, learned, world);
  const extras = proposed.map((list) => list.map(({ itemId }) => itemId));
  const known = { rows: own.rows, ladder, extras };
  const found = find(profile, known, parts.config);
  const members = membersOf(found, profile, own);
  const visits = visitsOfMembers(members, found);
  const bySource = pairSources.map(() => new Float64Array(members.length));
  sumUp(found.pairs, { profile, visits, bySource });
  const sums = { bySource, ...nearOf(found.pairs, visits) };
  const byId = placesById(members);
  const extraScores = proposed.map((list) => scoresOf(list, members));
  const matrix = featuresOf({ profile, members, byId, sums, ladder, extras: extraScores });
  const situation = situationOf(profile, found.pairs.rows[0] ?? null, ladder);
  const features = featureCount(proposed.length);
  const scores = score(matrix, weightsFor(world.weights, situation, features));
  bestFirst(byId, byId.length, scores);
  return {
    members,
    situation,
    features,
    matrix,
    scores,
    order: byId,
    sums,
    ladder,
    extraScores,
  };
}

const scoresOf = (
  list: readonly { readonly itemId: string; readonly score: number }[],
  members: readonly Member[],
): Float64Array => {
  const scores = new Map(list.map(({ itemId, score: given }) => [itemId, given]));
  return Float64Array.from(members, ({ itemId }) => Math.max(0, scores.get(itemId) ?? 0));
};

const membersOf = ({ itemIds }: Found, { recents }: Profile, own: Learned): Member[] => {
  const places = new Map(recents.map(({ itemId }, place) => [itemId, place]));
  const members: Member[] = [];
  for (const itemId of itemIds) {
    const head = readHead(own.heads.get(itemId) ?? own.rows.get(itemId));
    members.push({ itemId, head, own: places.get(itemId) ?? -1 });
  }
  return members;
};

/** A member whose head was not read counts as visited as often as it was paired. */
const visitsOfMembers = (members: readonly Member[], { pairedVisits }: Found): Float64Array => {
  const visits = new Float64Array(members.length);
  for (let place = 0; place < members.length; place++) {
    const { head } = members[place] as Member;
    const known = head === null ? 0 : visitsOf(head);
    visits[place] = known > 0 ? known : (pairedVisits[place] as number);
  }
  return visits;
};

/**
 * Before anything was learned: the near-cosine, then what is popular. Item-to-item alone is the best
 * single source on most data; a fusion of ranks is worse than it.
 */
const prior: Readonly<Record<string, number>> = {
  'near-cosine.strength': 2,
  'near-cosine.first': 1,
  'rung-1.share': 0.5,
};
const priors = new Map<number, Float64Array>();

const weightsFor = (
  stored: Buffer | null,
  situation: readonly number[],
  features: number,
): Float64Array => {
  const learned = averagedIn(stored, situation, features);
  if (learned !== null) return learned;
  const known = priors.get(features);
  if (known !== undefined) return known;
  const names = featureNames([]);
  const made = Float64Array.from(
    { length: features },
    (_, feature) => prior[names[feature] ?? ''] ?? 0,
  );
  priors.set(features, made);
  return made;
};

const score = (matrix: Int8Array, weights: Float64Array): Float64Array => {
  const features = weights.length;
  const scores = new Float64Array(matrix.length / features);
  for (let member = 0, at = 0; member < scores.length; member++) {
    let sum = 0;
    for (let feature = 0; feature < features; feature++, at++)
      sum += (weights[feature] as number) * (matrix[at] as number);
    scores[member] = unquantised(sum);
  }
  return scores;
};

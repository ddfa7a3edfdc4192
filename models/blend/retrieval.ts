import { hash } from 'node:crypto';

import { canonicalJson } from '../canonical.ts';
import type {
  Candidate,
  Learned,
  PersonalRetrieval,
  Profile,
  Source,
  Trainer,
  World,
} from '../model.ts';
import { diversified, explored } from '../rearrange.ts';
import type { Learning, Retrieval } from './config.ts';
import { closeExample, writeOpen } from './example.ts';
import { explain } from './explain.ts';
import { Extras, type Shelf } from './extras.ts';
import { headBytes } from './layout.ts';
import { type BlendList, type BlendParts, findFor, makeList, ownPart } from './list.ts';
import { updatesOf } from './weights.ts';

/**
 * Candidates of many sources in one list: see README.md. `shelf`: the kinds that a blend may take in
 * beside its own sources.
 */
export const retrievalOver =
  (shelf: Shelf) =>
  (learning: Learning, config: Retrieval): PersonalRetrieval => {
    const own: Source = { kind: 'blend', learning, headBytes, rankings: true };
    const extras = new Extras(config.sources, shelf, 1);
    const parts: BlendParts = { learning, config, extras };
    const listOf = (
      profile: Profile,
      learned: readonly Learned[],
      world: World,
    ): BlendList | null =>
      profile.recents.length === 0 ? null : makeList(profile, learned, { world, parts });
    return {
      shared: false,
      sources: [own, ...extras.sources],
      needsItems: extras.needsItems || spreads(config),
      trainer: trainerOf(parts, listOf),
      wants: (profile) => [wantedOf(profile, config), ...extras.wants(profile)],
      figures: (profile, learned, world) => {
        const { rows } = ownPart(learned);
        const { itemIds } = findFor(profile, ownPart(learned), parts);
        return [
          itemIds.filter((itemId) => !rows.has(itemId)),
          ...extras.figures(profile, learned, world),
        ];
      },
      rank: (profile, learned, world) =>
        shownOf(candidatesOf(listOf(profile, learned, world), config), {
          profile,
          world,
          config,
        }),
      explain: (profile, learned, world) => {
        const list = listOf(profile, learned, world);
        if (list === null) return [];
        const ranked = candidatesOf(list, config);
        return explain(list, shownOf(ranked, { profile, world, config }), { profile, extras });
      },
    };
  };

const wantedOf = ({ recents }: Profile, { recentItemsMax }: Retrieval): string[] =>
  recents.slice(0, recentItemsMax).map(({ itemId }) => itemId);

/**
 * Scores are chances relative to the best: 1 for it. The user's own items take half of the list at
 * most: where users come back they rank high, and a context may not want them.
 */
const candidatesOf = (list: BlendList | null, { depth }: Retrieval): readonly Candidate[] => {
  if (list === null) return [];
  const { order, members, scores } = list;
  const highest = scores[order[0] ?? 0] ?? 0;
  const candidates: Candidate[] = [];
  let ownLeft = Math.ceil(depth / 2);
  for (const place of order) {
    if (candidates.length === depth) break;
    const { itemId, own } = members[place] as BlendList['members'][number];
    if (own >= 0 && ownLeft-- <= 0) continue;
    candidates.push({ itemId, score: Math.exp((scores[place] as number) - highest) });
  }
  return candidates;
};

/** Examples that weights learn from before fewer users are enough. */
const examplesAtFirst = 10_000;

/** All users at first, then fewer in proportion, and never less than the configured share. */
const shareLogged = ({ trainingShare }: Retrieval, updates: number): number =>
  trainingShare === 0 ? 0 : Math.max(trainingShare, Math.min(1, examplesAtFirst / (updates + 1)));

const spreads = ({ diversity: { perCategoryMax, relevance } }: Retrieval): boolean =>
  perCategoryMax !== null || relevance !== null;

/** What becomes of the ranked list before it is kept: pure steps over what was fetched. */
const shownOf = (
  ranked: readonly Candidate[],
  {
    profile: { userId, atMs },
    world,
    config,
  }: { readonly profile: Profile; readonly world: World; readonly config: Retrieval },
): readonly Candidate[] =>
  explored(
    diversified(ranked, world.items, config.diversity),
    `${userId} ${atMs}`,
    config.exploration,
  );

type ListOf = (profile: Profile, learned: readonly Learned[], world: World) => BlendList | null;

/** Versions that make the same features of the same knowledge share their weights. */
const trainerOf = (parts: BlendParts, listOf: ListOf): Trainer => {
  const { learning, config } = parts;
  const { depth: _, diversity: __, exploration: ___, ...shared } = config;
  const content = canonicalJson({ learning, retrieval: shared });
  return {
    name: `blend-${hash('sha256', content).slice(0, 12)}`,
    logs: (userId, weights, few = false) => {
      const share = few ? config.trainingShare : shareLogged(config, updatesOf(weights));
      return share >= 1 || shareOf(userId) < share;
    },
    note: (profile, learned, world) => {
      const list = listOf(profile, learned, world);
      const open = list === null ? emptyOpen : openOf(list);
      return { candidates: shownOf(candidatesOf(list, config), { profile, world, config }), open };
    },
    close: (open, { itemId }, seed) => closeExample(open, itemId, seed),
  };
};

const emptyOpen = writeOpen({
  situation: [],
  features: 0,
  itemIds: [],
  matrix: new Int8Array(0),
});

/** The list's candidates in their order, which is what hard negatives are chosen by. */
const openOf = ({ members, situation, features, matrix, order }: BlendList): Buffer => {
  const sorted = new Int8Array(matrix.length);
  const itemIds: string[] = [];
  let to = 0;
  for (const place of order) {
    itemIds.push((members[place] as BlendList['members'][number]).itemId);
    const end = (place + 1) * features;
    for (let from = place * features; from < end; from++) sorted[to++] = matrix[from] as number;
  }
  return writeOpen({ situation, features, itemIds, matrix: sorted });
};

/** Where a user lies between 0 and 1, the same for ever. */
const shareOf = (userId: string): number =>
  hash('sha256', `training ${userId}`, 'buffer').readUInt32LE(0) / 2 ** 32;

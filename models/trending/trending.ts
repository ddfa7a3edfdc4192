import type { Candidate, ItemSide, ModelKind, SharedRetrieval, UserSide } from '../model.ts';
import { weightOf } from '../type-weights.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import {
  type Popularity,
  addLog2,
  noPopularity,
  popularityBytes,
  popularityRows,
} from './popularity.ts';
import { type Ranking, emptyRanking, place, rankings } from './ranking.ts';

/** An interaction teaches of its own item alone that it happened. */
const userSide: UserSide = {
  channel: 1,
  signals: (itemId) => [{ item: itemId, others: [], notes: [] }],
};

const itemSide = (learning: Learning): ItemSide<Popularity, Ranking> => {
  const halfLifeMs = learning.halfLifeHours * 3_600_000;
  const weights = new Map(Object.entries(learning.typeWeights));
  return {
    layout: 1,
    rows: popularityRows,
    headBytes: popularityBytes,
    learn(row, _signal, context) {
      const weight = weightOf(weights, context.type);
      if (weight === 0) return null;
      const next = row ?? noPopularity();
      next.log2Weight = addLog2(next.log2Weight, context.atMs / halfLifeMs + Math.log2(weight));
      next.events = Math.min(next.events + 1, 0xffffffff);
      next.lastMs = Math.max(next.lastMs, context.atMs);
      return next;
    },
    ranking: {
      ...rankings,
      empty: emptyRanking,
      place: (ranking, item, row) =>
        place(ranking, { item, weight: row.log2Weight, itemsMax: learning.rankedItemsMax }),
    },
  };
};

const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.itemId < b.itemId ? -1 : 1);

/** Scores are relative to the best item of all: 1 for it, .5 for one half as popular. */
const retrieval = (learning: Learning, config: Retrieval): SharedRetrieval => ({
  shared: true,
  sources: [{ kind: 'trending', learning, headBytes: popularityBytes, rankings: true }],
  rank(stored, keep) {
    const found: Candidate[] = [];
    let best = Number.NEGATIVE_INFINITY;
    for (const bytes of stored) {
      const { items, weights } = rankings.decode(bytes);
      best = Math.max(best, weights[0] ?? best);
      let kept = 0;
      for (let index = 0; index < items.length && kept < config.depth; index++) {
        const itemId = items[index] as string;
        if (!keep(itemId)) continue;
        found.push({ itemId, score: weights[index] as number });
        kept++;
      }
    }
    return found
      .sort(better)
      .slice(0, config.depth)
      .map(({ itemId, score }) => ({ itemId, score: 2 ** (score - best) }));
  },
});

/** What is popular now: exponentially decayed counts, for everyone or within a category. */
export const trending: ModelKind<Learning, Retrieval> = {
  kind: 'trending',
  revision: 1,
  source:
    'Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay: A Practical Time Decay Model for Streaming Systems, ICDE 2009',
  learningSchema,
  retrievalSchema,
  userSide,
  itemSide,
  weights: null,
  retrieval,
};

import type { Candidate, ItemSide, ModelKind, SharedRetrieval, UserSide } from '../model.ts';
import { weightOf } from '../type-weights.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import {
  type Popularity,
  addLog2,
  noPopularity,
  popularityBytes,
  popularityLayout,
  popularityRows,
} from './popularity.ts';
import { type Ranking, emptyRanking, place, rankings } from './ranking.ts';
import {
  addToPart,
  emptyWindow,
  parts,
  sumAt,
  type Window,
  windowBytes,
  windowLayout,
  windowRows,
} from './window.ts';
import {
  emptyWindowRanking,
  placeWindow,
  type WindowRanking,
  windowRankings,
} from './window-ranking.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** An interaction teaches of its own item alone that it happened. */
const userSide: UserSide = {
  channel: 1,
  signals: (itemId) => [{ item: itemId, others: [], notes: [] }],
};

/** Ranked by decayed counts, or by the first event in units of the half-life. */
const fading = (learning: Learning): ItemSide<Popularity, Ranking> => {
  const { by, eventsMin, rankedItemsMax } = learning;
  const halfLifeMs = learning.halfLifeHours === null ? null : learning.halfLifeHours * hourMs;
  const weights = new Map(Object.entries(learning.typeWeights));
  const rankedBy = (row: Popularity): number =>
    by === 'weight' ? row.log2Weight : row.firstMs / (halfLifeMs ?? dayMs);
  return {
    layout: popularityLayout,
    rows: popularityRows,
    headBytes: popularityBytes,
    lastMs: (row) => row.lastMs,
    learn(row, _signal, { atMs, type }) {
      const weight = weightOf(weights, type);
      if (weight === 0) return null;
      const next = row ?? noPopularity(atMs);
      const halfLives = halfLifeMs === null ? 0 : atMs / halfLifeMs;
      next.log2Weight = addLog2(next.log2Weight, halfLives + Math.log2(weight));
      next.events = Math.min(next.events + 1, 0xffffffff);
      next.lastMs = Math.max(next.lastMs, atMs);
      return next;
    },
    ranking: {
      ...rankings,
      empty: emptyRanking,
      place: (ranking, item, row) => {
        if (row.events >= eventsMin)
          place(ranking, { item, weight: rankedBy(row), itemsMax: rankedItemsMax });
      },
    },
  };
};

/** Ranked by what happened within a window of time. */
const windowed = (learning: Learning, windowHours: number): ItemSide<Window, WindowRanking> => {
  const { eventsMin, rankedItemsMax: itemsMax } = learning;
  const partMs = (windowHours * hourMs) / parts;
  const weights = new Map(Object.entries(learning.typeWeights));
  return {
    layout: windowLayout,
    rows: windowRows,
    headBytes: windowBytes,
    lastMs: ({ newest }) => (newest + 1) * partMs,
    learn(row, _signal, { atMs, type }) {
      const weight = weightOf(weights, type);
      if (weight === 0) return null;
      const part = Math.floor(atMs / partMs);
      const next = row ?? emptyWindow(part);
      return addToPart(next, part, weight) ? next : null;
    },
    ranking: {
      ...windowRankings,
      empty: emptyWindowRanking,
      place: (ranking, item, window) => {
        if (window.events >= eventsMin) placeWindow(ranking, { item, window, itemsMax });
      },
    },
  };
};

const itemSide = (learning: Learning): ItemSide<unknown> =>
  learning.windowHours === null ? fading(learning) : windowed(learning, learning.windowHours);

const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.itemId < b.itemId ? -1 : 1);

type Keep = (itemId: string) => boolean;

/** Scores are relative to the best item of all: 1 for it, .5 for one half as popular. */
const rankFading = (stored: readonly Buffer[], keep: Keep, depth: number): Candidate[] => {
  const found: Candidate[] = [];
  let best = Number.NEGATIVE_INFINITY;
  for (const bytes of stored) {
    const { items, weights } = rankings.decode(bytes);
    best = Math.max(best, weights[0] ?? best);
    let kept = 0;
    for (let index = 0; index < items.length && kept < depth; index++) {
      const itemId = items[index] as string;
      if (!keep(itemId)) continue;
      found.push({ itemId, score: weights[index] as number });
      kept++;
    }
  }
  return found
    .sort(better)
    .slice(0, depth)
    .map(({ itemId, score }) => ({ itemId, score: 2 ** (score - best) }));
};

/** The window ends with the newest event of any partition: nothing here may ask a clock. */
const rankWindows = (stored: readonly Buffer[], keep: Keep, depth: number): Candidate[] => {
  const decoded = stored.map((bytes) => windowRankings.decode(bytes));
  const now = Math.max(0, ...decoded.map(({ newest }) => newest));
  const all = decoded
    .flatMap(({ entries }) => entries)
    .map((entry) => ({ itemId: entry.item, score: sumAt(entry, now) }));
  const best = all.reduce((most, { score }) => Math.max(most, score), 0);
  return all
    .filter(({ itemId, score }) => score > 0 && keep(itemId))
    .sort(better)
    .slice(0, depth)
    .map(({ itemId, score }) => ({ itemId, score: score / best }));
};

const retrieval = (learning: Learning, { depth }: Retrieval): SharedRetrieval => {
  const inWindow = learning.windowHours !== null;
  const headBytes = inWindow ? windowBytes : popularityBytes;
  const rank = inWindow ? rankWindows : rankFading;
  return {
    shared: true,
    sources: [{ kind: 'trending', learning, headBytes, rankings: true }],
    rank: (stored, keep) => rank(stored, keep, depth),
  };
};

/** What is popular, now, within a window or ever, or what is new: for all or within a category. */
export const trending: ModelKind<Learning, Retrieval> = {
  kind: 'trending',
  revision: 2,
  source:
    'Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay: A Practical Time Decay Model for Streaming Systems, ICDE 2009',
  learningSchema,
  retrievalSchema,
  userSide,
  itemSide,
  weights: null,
  retrieval,
};

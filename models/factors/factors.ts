import type { ItemSide, ModelKind } from '../model.ts';
import { addLog2 } from '../trending/popularity.ts';
import { emptyRanking, place, type Ranking, rankings } from '../trending/ranking.ts';
import { weightOf } from '../type-weights.ts';
import { distanceMask, visitedOther, visits } from '../visits.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import { addIndexVector } from './index-vector.ts';
import { retrieval } from './retrieval.ts';
import { emptyRow, type FactorRow, factorRows, layoutVersion, rowBytes } from './row.ts';

const hourMs = 3_600_000;

/** How much a pair counts, by its note. */
const pairParts = ({ distanceHalf }: Learning): Float64Array =>
  Float64Array.from({ length: 256 }, (_, note) => {
    const steps = Math.max(0, (note & distanceMask) - 1);
    return distanceHalf === null ? 1 : 1 / (1 + steps / distanceHalf);
  });

/** Time in half-lives; 0 for all where nothing fades. */
const timeIn = (halfLifeMs: number | null, atMs: number): number =>
  halfLifeMs === null ? 0 : atMs / halfLifeMs;

const itemSide = (learning: Learning): ItemSide<FactorRow, Ranking> => {
  const { dimensions, halfLifeDays, rankedHalfLifeHours, selfWeight, rankedItemsMax } = learning;
  const halfLifeMs = halfLifeDays === null ? null : halfLifeDays * 24 * hourMs;
  const rankedMs = rankedHalfLifeHours === null ? null : rankedHalfLifeHours * hourMs;
  const weights = new Map(Object.entries(learning.typeWeights));
  const parts = pairParts(learning);
  return {
    layout: layoutVersion,
    rows: factorRows,
    headBytes: rowBytes(dimensions),
    learn(row, { item, others, notes }, { atMs, type }) {
      const weight = weightOf(weights, type);
      // Before anything moves: a row that learns nothing must stay as it is stored.
      if (Math.fround(weight) === 0) return null;
      const next = row ?? emptyRow(dimensions);
      const added = next.unitAt(timeIn(halfLifeMs, atMs)) * weight;
      for (const [index, other] of others.entries())
        if (other !== item)
          addIndexVector(next.factor, other, added * (parts[notes[index] as number] as number));
      if (((notes[0] ?? 0) & visitedOther) === 0) {
        if (selfWeight > 0) addIndexVector(next.factor, item, added * selfWeight);
        const log2 = timeIn(rankedMs, atMs) + Math.log2(weight);
        next.log2Weight = addLog2(next.log2Weight, log2);
      }
      return next;
    },
    ranking: {
      ...rankings,
      empty: emptyRanking,
      place: (ranking, item, { log2Weight }) => {
        if (log2Weight > Number.NEGATIVE_INFINITY)
          place(ranking, { item, weight: log2Weight, itemsMax: rankedItemsMax });
      },
    },
  };
};

/** Items in a space of few dimensions, where what is visited with the same things lies near. */
export const factors: ModelKind<Learning, Retrieval> = {
  kind: 'factors',
  revision: 1,
  source:
    'Kanerva, Kristoferson, Holst: Random Indexing of Text Samples for Latent Semantic Analysis, CogSci 2000',
  learningSchema,
  retrievalSchema,
  userSide: visits,
  itemSide,
  weights: null,
  retrieval,
};

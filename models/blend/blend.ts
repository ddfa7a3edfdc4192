import type { ItemSide, ModelKind } from '../model.ts';
import { weightOf } from '../type-weights.ts';
import { distanceMask, visitedOther, visits } from '../visits.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import { type Ladder, climb, emptyLadder, ladders } from './ladder.ts';
import { headBytes, hourOf, layoutVersion } from './layout.ts';
import { type Neighbourhood, emptyNeighbourhood } from './neighbourhood.ts';
import { parseExtras, type Shelf } from './extras.ts';
import { retrievalOver } from './retrieval.ts';
import { neighbourhoods } from './rows.ts';
import { rungOf } from './visit.ts';
import { learnWeights, weightsRevision } from './weights.ts';

const itemSide = (learning: Learning): ItemSide<Neighbourhood, Ladder> => {
  const weights = new Map(Object.entries(learning.typeWeights));
  const { neighboursMax, distanceMax, rankedItemsMax } = learning;
  return {
    layout: layoutVersion,
    rows: neighbourhoods,
    headBytes,
    learn(row, signal, context) {
      const weight = weightOf(weights, context.type);
      if (weight === 0) return null;
      const next = row ?? emptyNeighbourhood(neighboursMax);
      const { item, others, notes } = signal;
      for (let index = 0; index < others.length; index++) {
        const note = notes[index] as number;
        if ((note & distanceMask) > distanceMax) continue;
        const other = others[index] as string;
        next.addPair(other, { note, same: other === item, weight }, neighboursMax);
      }
      next.visit = null;
      if (((notes[0] ?? 0) & visitedOther) !== 0) return next;
      const { atMs, clock } = context;
      next.addVisit({ atMs, clock, weight });
      next.visit = { hour: hourOf(Math.max(0, atMs)), returned: others.includes(item) };
      return next;
    },
    ranking: {
      ...ladders,
      empty: emptyLadder,
      place(ladder, item, row) {
        if (row.visit === null) return;
        const { hour, returned } = row.visit;
        ladder.visits += 1;
        if (returned) ladder.returns += 1;
        ladder.hours[hour] = (ladder.hours[hour] as number) + 1;
        for (const [rung, at] of ladder.rungs.entries())
          climb(at, { item, weight: rungOf(row.bytes, rung), itemsMax: rankedItemsMax });
      },
    },
  };
};

/**
 * Many sources of candidates, ranked together by weights that are learned from what users do.
 * `shelf`: the kinds that it may take in beside its own sources.
 */
export const blendOver = (shelf: Shelf): ModelKind<Learning, Retrieval> => ({
  kind: 'blend',
  revision: 1,
  source:
    'Cao, Qin, Liu, Tsai, Li: Learning to Rank: From Pairwise Approach to Listwise Approach, ICML 2007',
  learningSchema,
  retrievalSchema: retrievalSchema
    .check(({ value, issues }) => void parseExtras(value.sources, shelf, issues))
    .transform((value) => ({ ...value, sources: [...parseExtras(value.sources, shelf, [])] })),
  userSide: visits,
  itemSide,
  weights: { revision: weightsRevision, learn: learnWeights },
  retrieval: retrievalOver(shelf),
});

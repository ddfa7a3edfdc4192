import type { ItemSide, ModelKind } from '../model.ts';
import { weightOf } from '../type-weights.ts';
import {
  type Learning,
  type Retrieval,
  halfLives,
  learningSchema,
  retrievalSchema,
} from './config.ts';
import { headBytes, layoutVersion } from './layout.ts';
import { type Neighbourhood, emptyNeighbourhood } from './neighbourhood.ts';
import { retrieval } from './retrieval.ts';
import { neighbourhoods } from './rows.ts';
import { visitedOther, visits } from '../visits.ts';

const itemSide = (learning: Learning): ItemSide<Neighbourhood> => {
  const weights = new Map(Object.entries(learning.typeWeights));
  const { neighboursMax, repeats } = learning;
  return {
    layout: layoutVersion,
    rows: neighbourhoods,
    headBytes,
    ranking: null,
    learn(row, signal, context) {
      const weight = weightOf(weights, context.type);
      if (weight === 0) return null;
      const next = row ?? emptyNeighbourhood(neighboursMax);
      const added = next.unitAt(halfLives(learning, context.atMs)) * weight;
      // So long before the rest of the row that it no longer counts, at this precision.
      if (Math.fround(added) === 0) return null;
      const { item, others, notes } = signal;
      if (((notes[0] ?? 0) & visitedOther) === 0) next.addVisit(added);
      for (let index = 0; index < others.length; index++) {
        const other = others[index] as string;
        if (other !== item || repeats) next.addNeighbour(other, added, neighboursMax);
      }
      return next;
    },
  };
};

/** Who visited this also visited that: item-to-item cosine, counted event by event. */
export const coVisits: ModelKind<Learning, Retrieval> = {
  kind: 'co-visits',
  revision: 1,
  source:
    'Huang, Cui, Zhang, Jiang, Xu: TencentRec: Real-time Stream Recommendation in Practice, SIGMOD 2015',
  learningSchema,
  retrievalSchema,
  userSide: visits,
  itemSide,
  weights: null,
  retrieval,
};

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
import { distanceMask, sameSession, visitedOther, visits } from '../visits.ts';

/**
 * How much a pair counts, by its note; 0: not at all. That the other item is the one just visited
 * means that it came after the row's.
 */
const pairParts = ({ within, direction, distanceMax, distanceHalf }: Learning): Float64Array =>
  Float64Array.from({ length: 256 }, (_, note) => {
    const distance = note & distanceMask;
    if (distance > distanceMax && distanceMax < distanceMask) return 0;
    if (within === 'session' && (note & sameSession) === 0) return 0;
    if (direction === 'after' && (note & visitedOther) === 0) return 0;
    return distanceHalf === null ? 1 : 1 / (1 + Math.max(0, distance - 1) / distanceHalf);
  });

const itemSide = (learning: Learning): ItemSide<Neighbourhood> => {
  const weights = new Map(Object.entries(learning.typeWeights));
  const { neighboursMax, repeats } = learning;
  const parts = pairParts(learning);
  return {
    layout: layoutVersion,
    rows: neighbourhoods,
    headBytes,
    ranking: null,
    learn(row, signal, context) {
      const weight = weightOf(weights, context.type);
      // Before anything moves: a row that learns nothing must stay as it is stored.
      if (Math.fround(weight) === 0) return null;
      const { item, others, notes } = signal;
      const ownVisit = ((notes[0] ?? 0) & visitedOther) === 0;
      if (!ownVisit && notes.every((note) => parts[note] === 0)) return null;
      const next = row ?? emptyNeighbourhood(neighboursMax);
      const added = next.unitAt(halfLives(learning, context.atMs)) * weight;
      // So long before the rest of the row that it no longer counts, at this precision.
      if (Math.fround(added) === 0) return null;
      if (ownVisit) next.addVisit(added);
      for (let index = 0; index < others.length; index++) {
        const other = others[index] as string;
        const note = notes[index] as number;
        const repeat = other === item;
        // An item that its user came back to came after itself.
        const part = parts[repeat ? note | visitedOther : note] as number;
        if (part > 0 && (repeats || !repeat)) next.addNeighbour(other, added * part, neighboursMax);
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

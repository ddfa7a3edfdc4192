import type { ItemSide, ModelKind } from '../model.ts';
import { weightOf } from '../type-weights.ts';
import { distanceMask, visitedOther, visits } from '../visits.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import { type Ladder, type Rung, climb, emptyLadder, ladders } from './ladder.ts';
import { at, headBytes, hourOf, layoutVersion } from './layout.ts';
import { type Neighbourhood, emptyNeighbourhood } from './neighbourhood.ts';
import { type Shelf, sourcesOver } from './extras.ts';
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
    lastMs: ({ bytes }) => 1_000 * bytes.readUInt32LE(at.lastSeconds) + 999,
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
      if (((notes[0] ?? 0) & visitedOther) !== 0) {
        if (next.visits === 0) notePaired(next, context.atMs);
        return next;
      }
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
        // A first visit of an item that is here: it was forgotten, and must not keep its place.
        if (row.visits === 1) for (const rung of ladder.rungs) leave(rung, item);
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
 * An item that is only paired (its own visits weigh nothing, or it was forgotten) lasts as long as
 * that goes on: a row that says no time would count as absent at every signal.
 */
const notePaired = (row: Neighbourhood, atMs: number): void => {
  const seconds = Math.max(0, Math.min(0xffffffff, Math.floor(atMs / 1_000)));
  if (seconds <= row.bytes.readUInt32LE(at.lastSeconds)) return;
  row.bytes.writeUInt32LE(seconds, at.lastSeconds);
  row.headChanged = true;
};

const leave = ({ items, weights }: Rung, item: string): void => {
  const place = items.indexOf(item);
  if (place < 0) return;
  items.splice(place, 1);
  weights.splice(place, 1);
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
  retrievalSchema: retrievalSchema.extend({ sources: sourcesOver(shelf) }),
  userSide: visits,
  itemSide,
  weights: { revision: weightsRevision, learn: learnWeights },
  retrieval: retrievalOver(shelf),
});

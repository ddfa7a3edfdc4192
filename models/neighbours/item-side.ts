import { type ItemSide, ownKeyMark, type Signal } from '../model.ts';
import { type TypeWeights, weightOf } from '../type-weights.ts';
import {
  type Actor,
  actorKeyLength,
  actorOf,
  type ActorSort,
  secondsOf,
  slotOf,
  userActor,
} from './actors.ts';
import { actorCounts, type Counts } from './counts.ts';
import { headBytes, layoutVersion, packWeight } from './layout.ts';
import { isForgetting } from './passages.ts';
import { emptyRing, Ring } from './ring.ts';
import { type Row, rows } from './rows.ts';
import { emptyVisited, fits, Visited, type VisitedOptions } from './visited.ts';

export interface NeighbourLearning extends VisitedOptions {
  readonly sort: ActorSort;
  /** Actors kept per item. */
  readonly actorsPerItemMax: number;
  /** Actors kept in all; of more slots only these are learned from. */
  readonly actorsMax: number;
  readonly typeWeights: TypeWeights;
}

/** Who a signal is about; null where it is not one for these rows. */
const actorIn = ({ item, others }: Signal, sort: ActorSort): Actor | null => {
  const key = others.at(-1);
  if (key?.length !== actorKeyLength) return null;
  if (item.startsWith(ownKeyMark) && item[ownKeyMark.length] !== sort) return null;
  const actor = actorOf(key);
  return sort === 's' ? actor : userActor(actor.user);
};

/** The item side of kinds that look for actors who visited the same. */
export const neighbourSide = (learning: NeighbourLearning): ItemSide<Row, Counts> => {
  const weights = new Map(Object.entries(learning.typeWeights));
  const { sort, actorsPerItemMax, actorsMax } = learning;

  const learnActor = (
    row: Visited | undefined,
    visit: { readonly itemId: string; readonly seconds: number; readonly weight: number },
    actor: Actor,
  ): Visited | null => {
    if (!fits(visit.itemId)) return null;
    let next = row;
    let begun = false;
    if (next === undefined) next = emptyVisited(actor);
    else if (!next.isOf(actor)) {
      // The slot's newer actor has it; of two at one time the one that comes later.
      if (visit.seconds < next.newest) return null;
      next.begin(actor);
      begun = true;
    }
    return next.visit(visit, learning) || begun ? next : null;
  };

  return {
    layout: layoutVersion,
    rows,
    headBytes,
    ranking: actorCounts,
    isForgotten(row, signal) {
      if (!isForgetting(signal) || row instanceof Ring) return false;
      const actor = actorIn(signal, sort);
      return actor !== null && row.isOf(actor);
    },
    learn(row, signal, context) {
      if (isForgetting(signal)) return null;
      const weight = weightOf(weights, context.type);
      const actor = weight === 0 ? null : actorIn(signal, sort);
      if (actor === null || slotOf(actor.own) >= actorsMax) return null;
      const seconds = secondsOf(context.atMs);
      if (signal.item.startsWith(ownKeyMark)) {
        const [itemId] = signal.others;
        if (itemId === undefined || row instanceof Ring) return null;
        return learnActor(row, { itemId, seconds, weight: packWeight(weight) }, actor);
      }
      if (row instanceof Visited) return null;
      const ring = row ?? emptyRing(actorsPerItemMax);
      return ring.visit(actor, seconds, actorsPerItemMax) ? ring : null;
    },
  };
};

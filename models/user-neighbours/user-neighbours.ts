import type { ModelKind } from '../model.ts';
import { type NeighbourLearning, neighbourSide } from '../neighbours/item-side.ts';
import { actorBytesMax } from '../neighbours/layout.ts';
import { passages } from '../neighbours/passages.ts';
import { neighbourRetrieval } from '../neighbours/retrieval.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';

const kind = 'user-neighbours';

const settings = (learning: Learning): NeighbourLearning => ({
  sort: 'u',
  actorsPerItemMax: learning.usersPerItemMax,
  actorsMax: learning.usersMax,
  itemsMax: learning.itemsPerUserMax,
  renews: true,
  typeWeights: learning.typeWeights,
});

/** What users with similar recent items visited lately. */
export const userNeighbours: ModelKind<Learning, Retrieval> = {
  kind,
  revision: 1,
  source:
    'Sarwar, Karypis, Konstan, Riedl: Analysis of Recommendation Algorithms for E-Commerce, EC 2000',
  learningSchema,
  retrievalSchema,
  userSide: passages,
  itemSide: (learning) => neighbourSide(settings(learning)),
  weights: null,
  retrieval: (learning, config) =>
    neighbourRetrieval({
      source: { kind, learning, headBytes: actorBytesMax(learning.itemsPerUserMax) },
      sort: 'u',
      recentItemsMax: config.recentItemsMax,
      history: true,
      comparedMax: config.comparedUsersMax,
      neighboursMax: config.neighboursMax,
      positionDecay: config.positionDecay,
      idf: config.idf,
      depth: config.depth,
    }),
};

import type { ModelKind } from '../model.ts';
import { type NeighbourLearning, neighbourSide } from '../neighbours/item-side.ts';
import { actorBytesMax } from '../neighbours/layout.ts';
import { passages } from '../neighbours/passages.ts';
import { neighbourRetrieval } from '../neighbours/retrieval.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';

const kind = 'session-neighbours';

const settings = (learning: Learning): NeighbourLearning => ({
  sort: 's',
  actorsPerItemMax: learning.sessionsPerItemMax,
  actorsMax: learning.sessionsMax,
  itemsMax: learning.itemsPerSessionMax,
  renews: false,
  typeWeights: learning.typeWeights,
});

/** What was visited in recent sessions like the present one: VMIS-kNN, kept by the stream. */
export const sessionNeighbours: ModelKind<Learning, Retrieval> = {
  kind,
  revision: 1,
  source:
    'Kersbergen, Sprangers, Schelter: Serenade - Low-Latency Session-Based Recommendation in e-Commerce at Scale, SIGMOD 2022',
  learningSchema,
  retrievalSchema,
  userSide: passages,
  itemSide: (learning) => neighbourSide(settings(learning)),
  weights: null,
  retrieval: (learning, config) =>
    neighbourRetrieval({
      source: { kind, learning, headBytes: actorBytesMax(learning.itemsPerSessionMax) },
      sort: 's',
      recentItemsMax: config.recentItemsMax,
      history: config.history,
      comparedMax: config.comparedSessionsMax,
      neighboursMax: config.neighboursMax,
      positionDecay: config.positionDecay,
      idf: config.idf,
      depth: config.depth,
    }),
};

import type { ModelKind, PersonalRetrieval } from '../model.ts';
import { learnsNothing, noSource } from '../no-source.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import { alike, mostAlike, type Settings } from './likeness.ts';

const kind = 'content';

const retrieval = (_: Learning, config: Retrieval): PersonalRetrieval => {
  const settings: Settings = { config, typeWeights: new Map(Object.entries(config.typeWeights)) };
  return noSource(kind, {
    needsItems: true,
    rank: (profile, { items }) => (items === null ? [] : alike(profile, items, settings)),
    because: (profile, { items }) =>
      items === null ? () => null : mostAlike(profile, items, settings),
  });
};

/** Items that are about the same as the user's last ones; new ones from the day they arrive. */
export const content: ModelKind<Learning, Retrieval> = {
  kind,
  revision: 1,
  source:
    'Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond, Foundations and Trends in Information Retrieval 3(4), 2009',
  learningSchema,
  retrievalSchema,
  ...learnsNothing(kind),
  retrieval,
};

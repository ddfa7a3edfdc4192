import type { Candidate, Explained, ItemSide, ModelKind, PersonalRetrieval } from '../model.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';
import { alike, mostAlike, type Settings } from './likeness.ts';

const nothing: readonly Candidate[] = [];

const retrieval = (_: Learning, config: Retrieval): PersonalRetrieval => {
  const settings: Settings = { config, typeWeights: new Map(Object.entries(config.typeWeights)) };
  return {
    shared: false,
    sources: [],
    needsItems: true,
    trainer: null,
    wants: () => [],
    figures: () => [],
    rank: (profile, _learned, { items }) =>
      items === null ? nothing : alike(profile, items, settings),
    explain(profile, _learned, { items }): readonly Explained[] {
      if (items === null) return [];
      const because = mostAlike(profile, items, settings);
      return alike(profile, items, settings).map(({ itemId, score }, index) => ({
        itemId,
        score,
        proposals: [{ source: 'content', score, rank: index + 1 }],
        because: because(itemId),
      }));
    },
  };
};

const itemSide = (): ItemSide<unknown> => {
  throw new Error('content learns nothing of items');
};

/** Items that are about the same as the user's last ones; new ones from the day they arrive. */
export const content: ModelKind<Learning, Retrieval> = {
  kind: 'content',
  revision: 1,
  source:
    'Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond, Foundations and Trends in Information Retrieval 3(4), 2009',
  learningSchema,
  retrievalSchema,
  userSide: null,
  itemSide,
  weights: null,
  retrieval,
};

import type { ModelKind } from '../model.ts';
import { type NeighbourLearning, neighbourSide } from './item-side.ts';
import { actorBytesMax } from './layout.ts';
import { passages } from './passages.ts';
import { type NeighbourOptions, neighbourRetrieval } from './retrieval.ts';

/** What both kinds are asked with, under the same names. */
type Asked = Pick<
  NeighbourOptions,
  'recentItemsMax' | 'neighboursMax' | 'positionDecay' | 'idf' | 'depth'
>;

interface NeighbourKind<Learning, Config>
  extends Pick<
    ModelKind<Learning, Config>,
    'kind' | 'revision' | 'source' | 'learningSchema' | 'retrievalSchema'
  > {
  learning(given: Learning): NeighbourLearning;
  compared(config: Config): Pick<NeighbourOptions, 'history' | 'comparedMax'>;
}

/** A kind that proposes what actors visited who visited the same. */
export const neighbourKind = <Learning, Config extends Asked>({
  learning,
  compared,
  ...about
}: NeighbourKind<Learning, Config>): ModelKind<Learning, Config> => ({
  ...about,
  userSide: passages,
  itemSide: (given) => neighbourSide(learning(given)),
  weights: null,
  retrieval(given, config) {
    const { sort, itemsMax } = learning(given);
    const source = { kind: about.kind, learning: given, headBytes: actorBytesMax(itemsMax) };
    const { recentItemsMax, neighboursMax, positionDecay, idf, depth } = config;
    return neighbourRetrieval({
      source,
      sort,
      ...compared(config),
      recentItemsMax,
      neighboursMax,
      positionDecay,
      idf,
      depth,
    });
  },
});

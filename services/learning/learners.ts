import type { Json } from '../../lib/stream/topology.ts';
import type { Known } from '../../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import { learningName } from '../../models/learning-identity.ts';
import type { Learner } from './topology.ts';

type Learning = Pick<ModelDefinition, 'kind' | 'learning'>;

/** What a definition has learned for it; null for a kind that this release does not know. */
export const learnerOf = (definition: Learning, kinds: KindCatalogue): Learner | null => {
  const kind = kinds.get(definition.kind);
  if (kind === undefined) return null;
  const { learning } = definition;
  return {
    name: learningName(kind.kind, learning),
    kind: kind.kind,
    revision: kind.revision,
    channel: kind.userSide.channel,
    learning: learning as Json,
    side: kind.itemSide(learning),
  };
};

/** One learner per learning identity: versions that differ in retrieval alone share it. */
export const learnersOf = (
  models: ReadonlyMap<string, Known<ModelDefinition>>,
  kinds: KindCatalogue,
): ReadonlyMap<string, Learner> => {
  const learners = new Map<string, Learner>();
  for (const { definition } of models.values()) {
    const learner = learnerOf(definition, kinds);
    if (learner !== null && !learners.has(learner.name)) learners.set(learner.name, learner);
  }
  return learners;
};

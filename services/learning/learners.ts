import type { Json } from '../../lib/stream/topology.ts';
import type { Known } from '../../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import { learningName } from '../../models/learning-identity.ts';
import type { Learner } from './topology.ts';

/** A kind, and the configuration of what it learns. */
interface Learning {
  readonly kind: string;
  readonly learning: unknown;
}

/** One fold; null for a kind that this release does not know, or that learns nothing. */
export const learnerOf = (
  { kind: name, learning }: Learning,
  kinds: KindCatalogue,
): Learner | null => {
  const kind = kinds.get(name);
  if (kind === undefined || kind.userSide === null) return null;
  return {
    name: learningName(kind.kind, learning),
    kind: kind.kind,
    revision: kind.revision,
    channel: kind.userSide.channel,
    learning: learning as Json,
    side: kind.itemSide(learning),
  };
};

/** What a definition ranks by: a blend reads what other kinds learned. */
const sourcesOf = (
  { kind, learning, retrieval }: ModelDefinition,
  kinds: KindCatalogue,
): readonly Learning[] => kinds.get(kind)?.retrieval(learning, retrieval).sources ?? [];

/** One learner per learning identity: versions that differ in retrieval alone share it. */
export const learnersOf = (
  models: ReadonlyMap<string, Known<ModelDefinition>>,
  kinds: KindCatalogue,
): ReadonlyMap<string, Learner> => {
  const learners = new Map<string, Learner>();
  for (const { definition } of models.values())
    for (const source of sourcesOf(definition, kinds)) {
      const learner = learnerOf(source, kinds);
      if (learner !== null && !learners.has(learner.name)) learners.set(learner.name, learner);
    }
  return learners;
};

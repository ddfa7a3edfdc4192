import { createHash } from 'node:crypto';
import { canonical } from '../../lib/stream/identity.ts';
import type { Json } from '../../lib/stream/topology.ts';
import { kinds } from '../../models/kinds.ts';
import type { Learner } from './topology.ts';

/** What a model definition says of learning. */
export interface LearningDefinition {
  readonly kind: string;
  readonly learning: unknown;
}

/**
 * The learning identity of a definition: versions of a kind with equal learning configuration
 * share one fold, whatever their retrieval. The id is how its fold and its state are named.
 */
export const learnerOf = ({ kind: name, learning: given }: LearningDefinition): Learner => {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`there is no model kind '${name}'`);
  const learning = kind.learningSchema.parse(given);
  const text = canonical({ revision: kind.revision, learning: learning as Json });
  return {
    id: `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`,
    kind: name,
    revision: kind.revision,
    channel: kind.userSide.channel,
    learning: learning as Json,
    side: kind.itemSide(learning),
  };
};

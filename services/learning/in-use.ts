import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { takerOfAll } from '../../experiments/taker.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { followDefinitions, type FollowedDefinitions } from '../../topics/follow-definitions.ts';
import { learnersOf } from './learners.ts';
import type { Learner } from './topology.ts';

export type OnLearners = (learners: ReadonlyMap<string, Learner>) => void;

/**
 * Tells which learners some context or experiment has in use: once when all definitions have been read, and again
 * whenever one changes.
 */
export function followLearners(
  { config, log, onFatal }: ServiceContext,
  registry: RegistryPort,
  onLearners: OnLearners,
): Promise<FollowedDefinitions> {
  const catalogue = new Catalogue(kinds);
  return followDefinitions({
    config,
    clientId: `${config.prefix}.learning`,
    registry,
    catalogue: takerOfAll(catalogue, new Experiments()),
    onChange: () => onLearners(learnersOf(catalogue.modelsInUse(), kinds)),
    log,
    onFatal,
  });
}

import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { followTable } from '../../lib/kafka/table.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import {
  type FollowDefinitionsOptions,
  followDefinitions,
} from '../../topics/follow-definitions.ts';
import { type PersonalModel, personalModels } from '../../retrieval/personal-models.ts';

export interface PersonalModelsInUse {
  /** Null once everything that stood there at the start is known. */
  ready(): string | null;
  healthy(): string | null;
  /** Those that the ladder of some context names. */
  personal(): readonly PersonalModel[];
  stop(): Promise<void>;
}

/** Keeps at hand which models with a list per user are in use. */
export async function followPersonalModels(
  { config, log, onFatal }: Pick<FollowDefinitionsOptions, 'config' | 'log' | 'onFatal'>,
  registry: RegistryPort,
  follow?: typeof followTable,
): Promise<PersonalModelsInUse> {
  const catalogue = new Catalogue(kinds);
  let personal: readonly PersonalModel[] = [];
  const definitions = await followDefinitions({
    config,
    clientId: `${config.prefix}.candidates`,
    registry,
    catalogue,
    onChange: () => {
      personal = personalModels(catalogue.modelsInUse(), kinds);
    },
    log,
    onFatal,
    follow,
  });
  return {
    ready: () =>
      definitions.isReady() ? null : (definitions.healthy() ?? 'candidates: reading definitions'),
    healthy: definitions.healthy,
    personal: () => personal,
    stop: definitions.stop,
  };
}

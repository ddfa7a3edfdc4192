import { commonConfig } from '../../lib/config/common.ts';
import type { Environment } from '../../lib/config/environment.ts';
import { seenItemsConfig } from '../../services/seen-items/config.ts';
import { signalsConfig } from '../../services/signals/config.ts';
import { userFeaturesConfig } from '../../services/user-features/config.ts';
import type { UserSettings } from './users.ts';

/** Evaluation needs no stack, so that none has to run for its settings to be read. */
const nowhere = {
  FRESHET_KAFKA_BROKERS: 'nowhere:1',
  FRESHET_REGISTRY_URL: 'http://nowhere',
  FRESHET_REDIS_URL: 'redis://nowhere',
};

/** The settings of the services as this installation has them: lists depend on them. */
export function evaluationSettings(environment: Environment = process.env): UserSettings {
  const { types, userHorizonMs } = commonConfig({ ...environment, ...nowhere });
  return Object.freeze({
    types,
    features: userFeaturesConfig(environment),
    seen: seenItemsConfig(environment),
    recentItemsMax: signalsConfig(environment).recentItemsMax,
    horizonMs: userHorizonMs,
  });
}

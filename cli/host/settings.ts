import { commonConfig } from '../../lib/config/common.ts';
import type { Environment } from '../../lib/config/environment.ts';
import { UserError } from '../../lib/errors.ts';
import { hostEnvironment } from './config.ts';

type Read = (environment: Environment) => unknown;

/** Of the services that have settings of their own; small files, loaded without the services. */
const own: Readonly<Record<string, () => Promise<Read>>> = {
  ingest: async () => (await import('../../services/ingest/config.ts')).ingestConfig,
  'user-features': async () =>
    (await import('../../services/user-features/config.ts')).userFeaturesConfig,
  'seen-items': async () => (await import('../../services/seen-items/config.ts')).seenItemsConfig,
  signals: async () => (await import('../../services/signals/config.ts')).signalsConfig,
  learning: async () => (await import('../../services/learning/config.ts')).learningConfig,
  candidates: async () => (await import('../../services/candidates/config.ts')).candidatesConfig,
  experiments: async () => (await import('../../services/experiments/config.ts')).experimentsConfig,
  serving: async () => (await import('../../services/serving/config.ts')).servingConfig,
  metrics: async () => (await import('../../services/metrics/config.ts')).metricsConfig,
};

/** What common settings take where no stack runs yet: only their words are judged here. */
const anyAddresses = {
  FRESHET_KAFKA_BROKERS: '127.0.0.1:9092',
  FRESHET_REGISTRY_URL: 'http://127.0.0.1:8081',
  FRESHET_REDIS_URL: 'redis://127.0.0.1:6379',
};

/** For a test: services whose config.ts is read. */
export const ownSettings: readonly string[] = Object.keys(own);

const opening = 'wrong configuration: ';

/**
 * Reads the settings of all named services before anything is started, and throws one UserError
 * with everything that is wrong in them: otherwise each service would end the process by itself,
 * one after the other, with its part.
 */
export async function refuseWrongSettings(
  services: readonly string[],
  environment: Environment = hostEnvironment(),
): Promise<void> {
  const given = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const reads: Read[] = [() => commonConfig({ ...anyAddresses, ...Object.fromEntries(given) })];
  for (const name of services) {
    const load = own[name];
    if (load !== undefined) reads.push(await load());
  }
  const faults = new Set(reads.flatMap((read) => faultsIn(read, environment)));
  if (faults.size > 0) throw new UserError(`${opening}${[...faults].join('; ')}`);
}

function faultsIn(read: Read, environment: Environment): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message } = error;
    return message.startsWith(opening) ? message.slice(opening.length).split('; ') : [message];
  }
}

import type { StackAddresses } from '../stack/stack.ts';
import type { Environment } from '../lib/config/environment.ts';

/** What the benchmark's own installation is called on its own stack. */
export const benchPrefix = 'bench';
export const benchPartitions = 4;

/** Settings that say where an installation is, or how to get into it. */
const places = /^FRESHET_(KAFKA_|REGISTRY_|REDIS_|STATE_FILE$|PORT$|HOST$)/;

/**
 * The environment of everything that a benchmark starts: the caller's, so that settings can be
 * measured, but for where things are.
 */
export function benchEnvironment(
  addresses: StackAddresses,
  environment: Environment = process.env,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !places.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    FRESHET_PREFIX: benchPrefix,
    FRESHET_PARTITIONS: String(benchPartitions),
    FRESHET_KAFKA_BROKERS: addresses.kafkaBrokers,
    FRESHET_REGISTRY_URL: addresses.registryUrl,
    FRESHET_REDIS_URL: addresses.redisUrl,
    FRESHET_LOG_LEVEL: 'info',
  };
}

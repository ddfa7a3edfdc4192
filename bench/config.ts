import type { StackAddresses } from '../stack/stack.ts';
import type { Environment } from '../lib/config/environment.ts';

/** What the benchmark's own installation is called on its own stack. */
export const benchPrefix = 'bench';
export const benchPartitions = 4;

/**
 * The environment of everything that a benchmark starts: its own stack, and none of the caller's
 * settings of other installations.
 */
export function benchEnvironment(
  addresses: StackAddresses,
  environment: Environment = process.env,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith('FRESHET_'),
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

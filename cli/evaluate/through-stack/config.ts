import { benchEnvironment } from '../../../bench/config.ts';
import type { Environment } from '../../../lib/config/environment.ts';
import type { StackAddresses } from '../../../stack/stack.ts';

/**
 * One partition, so that every record has one place in one order; and nothing that is kept for a
 * while, so that lists are made of what is stored now. As many examples wait as come.
 */
const settings = {
  FRESHET_PARTITIONS: '1',
  FRESHET_INGEST_AGE_DAYS_MAX: '36500',
  FRESHET_CANDIDATES_FIGURES_AGE_MS: '0',
  FRESHET_CANDIDATES_OPEN_EXAMPLES_MAX: '1000000',
  FRESHET_CANDIDATES_RANKINGS_AGE_MS: '0',
  FRESHET_CANDIDATES_ROWS_AGE_MS: '0',
  FRESHET_CANDIDATES_WEIGHTS_AGE_MS: '0',
  FRESHET_LOG_LEVEL: 'warn',
};

/**
 * The environment of the services: the caller's, as their settings show in lists. How to get into a
 * stack that runs is part of it; a stack of one's own needs nothing of that.
 */
export function servicesEnvironment(
  addresses: StackAddresses,
  given: {
    readonly addresses: StackAddresses | null;
    readonly prefix: string;
    readonly environment?: Environment;
  },
): Record<string, string> {
  const { environment = process.env } = given;
  const known = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    ...(given.addresses === null ? {} : Object.fromEntries(known)),
    ...benchEnvironment(addresses, environment),
    ...settings,
    FRESHET_PREFIX: given.prefix,
  };
}

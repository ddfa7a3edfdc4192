import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the environment says about the stack. */
export interface StackEnvironment {
  /** Addresses of parts that somebody else runs. */
  readonly kafkaBrokers: string | undefined;
  readonly registryUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly prometheusUrl: string | undefined;
  /** Where downloads are kept for all projects of this user. */
  readonly cacheDir: string;
  /** Where the running stack is written down, if not at the usual place. */
  readonly stateFile: string | undefined;
  readonly javaHome: string | undefined;
  readonly path: string;
}

/** An empty variable counts as an absent one. */
export function stackEnvironment(env: NodeJS.ProcessEnv = process.env): StackEnvironment {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  return Object.freeze({
    kafkaBrokers: given('FRESHET_KAFKA_BROKERS'),
    registryUrl: given('FRESHET_REGISTRY_URL'),
    redisUrl: given('FRESHET_REDIS_URL'),
    prometheusUrl: given('FRESHET_PROMETHEUS_URL'),
    cacheDir:
      given('FRESHET_CACHE_DIR') ??
      join(given('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'freshet'),
    stateFile: given('FRESHET_STATE_FILE'),
    javaHome: given('JAVA_HOME'),
    path: env['PATH'] ?? '',
  });
}

/** The same, as if nobody else ran anything. */
export const withoutOutside = (environment: StackEnvironment): StackEnvironment => ({
  ...environment,
  kafkaBrokers: undefined,
  registryUrl: undefined,
  redisUrl: undefined,
  prometheusUrl: undefined,
});

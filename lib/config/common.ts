import { z } from 'zod';

import type { RegistryConfig } from '../avro/registry.ts';
import { UserError } from '../errors.ts';
import type { KafkaConfig } from '../kafka/client.ts';
import { isRedisUrl, redisUrlForms } from '../redis/address.ts';
import type { RedisConfig } from '../redis/connect.ts';
import { accessSettings, kafkaAccess, redisAccess, registryAccess } from './access.ts';
import { type Environment, list, oneOf, parseEnvironment, whole } from './environment.ts';
import { misspelt } from './known-names.ts';
import { readStateFile } from './state-file.ts';
import { prefixOfSet } from './topic-set.ts';

/** What every process needs to know. The same for all services of an installation. */
export interface CommonConfig {
  /**
   * First word of topic names, consumer groups and pointers in Redis; with the set of internal
   * topics in it, from the second on (topic-set.ts).
   */
  readonly prefix: string;
  /** Partitions of all internal topics: part of the identity of every fold. */
  readonly partitions: number;
  /** Event types that ingest accepts, in an order that stored state refers to. */
  readonly types: readonly string[];
  readonly kafka: KafkaConfig;
  readonly registry: RegistryConfig;
  readonly redis: RedisConfig;
  /** Where /metrics, /healthz and /readyz listen. */
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Records of a slice, at most. */
  readonly sliceRecordsMax: number;
  /** Past either a partition stops: so much poison is a bad deploy. */
  readonly failedInARowMax: number;
  readonly failedOf1000Max: number;
  /** After how long without an event, in event time, what is kept of a user counts as absent. */
  readonly userHorizonMs: number;
  /** The same of what was learned of an item that nobody visits any more. */
  readonly itemHorizonMs: number;
  /** Attributes of interactions kept per user, in an order that stored state refers to. */
  readonly profileAttributes: readonly string[];
  /** Answers that `served` keeps per user and context. */
  readonly servedAnswersMax: number;
}

export const prefixSetting = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'takes lower-case letters, digits and dashes')
  .default('freshet');
const countError = 'takes a whole number from 1 to 1024';
/** `6`, or `6/2`: six partitions, in the second set of internal topics. */
export const partitionsSetting = z
  .string()
  .regex(/^\d{1,4}(\/[1-9]\d{0,3})?$/, countError)
  .transform((text) => text.split('/').map(Number))
  .transform(([partitions = 0, set = 1]) => ({ partitions, set }))
  .refine(({ partitions }) => partitions >= 1 && partitions <= 1_024, countError);

/** Of `seen-items`; here too, because users are kept at least as long. */
export const seenAgeDays = whole(1, 3_650).default(400);
const dayMs = 86_400_000;

export const defaultTypes = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating'];

/** For rules that compare items with the user. A name costs every user its value's bytes. */
const profileAttributes = list
  .default([])
  .refine(
    (names) =>
      names.length <= 8 && names.every((name) => /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name)),
    'takes at most 8 names of letters, digits, _ and -',
  );

const isAddress = (address: string): boolean => {
  const port = /^[^\s/]+:(\d{1,5})$/.exec(address)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) <= 65_535;
};

const settingsSchema = z.object({
  FRESHET_PREFIX: prefixSetting,
  FRESHET_PARTITIONS: partitionsSetting.default({ partitions: 4, set: 1 }),
  FRESHET_EVENT_TYPES: list
    .default(defaultTypes)
    .refine((types) => types.length <= 64, 'takes at most 64 types')
    .refine(
      (types) => !types.some((type) => type.startsWith('freshet.')),
      'takes no type that begins with freshet.: these are reserved',
    ),
  FRESHET_KAFKA_BROKERS: list
    .refine((brokers) => brokers.every(isAddress), 'takes host:port, with commas between brokers')
    .optional(),
  FRESHET_KAFKA_SESSION_TIMEOUT_MS: whole(1_000, 300_000).default(10_000),
  FRESHET_REGISTRY_URL: z.url('takes a URL: http://host:port').optional(),
  FRESHET_REGISTRY_TIMEOUT_MS: whole(100, 60_000).default(5_000),
  FRESHET_REDIS_URL: z.string().refine(isRedisUrl, redisUrlForms).optional(),
  ...accessSettings,
  FRESHET_HOST: z.string().default('127.0.0.1'),
  FRESHET_PORT: whole(0, 65_535).default(0),
  FRESHET_LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  FRESHET_SLICE_RECORDS_MAX: whole(1, 50_000).default(16_384),
  FRESHET_FAILED_IN_A_ROW_MAX: whole(1, 1_000_000).default(100),
  FRESHET_FAILED_OF_1000_MAX: whole(1, 1_000).default(500),
  FRESHET_USER_HORIZON_DAYS: whole(1, 3_650).default(400),
  FRESHET_ITEM_HORIZON_DAYS: whole(1, 3_650).default(400),
  FRESHET_SEEN_AGE_DAYS: seenAgeDays,
  FRESHET_PROFILE_ATTRIBUTES: profileAttributes,
  FRESHET_SERVED_ANSWERS_MAX: whole(1, 20).default(5),
});

const schema = settingsSchema.refine(
  (given) => given.FRESHET_USER_HORIZON_DAYS >= given.FRESHET_SEEN_AGE_DAYS,
  {
    path: ['FRESHET_USER_HORIZON_DAYS'],
    error: 'must not be smaller than FRESHET_SEEN_AGE_DAYS: seen items would be forgotten sooner',
  },
);

type Settings = z.infer<typeof schema>;

/**
 * The settings of this process: from the environment, and what it does not say about the stack
 * from the state file of the running one.
 */
export function commonConfig(environment: Environment = process.env): CommonConfig {
  const settings = parseEnvironment(schema, environment);
  const stack = readStateFile(environment['FRESHET_STATE_FILE'])?.addresses;
  const brokers = settings.FRESHET_KAFKA_BROKERS ?? stack?.kafkaBrokers.split(',');
  const registryUrl = settings.FRESHET_REGISTRY_URL ?? stack?.registryUrl;
  const redisUrl = settings.FRESHET_REDIS_URL ?? stack?.redisUrl;
  if (brokers === undefined || registryUrl === undefined || redisUrl === undefined) {
    throw new UserError(
      'no stack is running and FRESHET_KAFKA_BROKERS, FRESHET_REGISTRY_URL and FRESHET_REDIS_URL ' +
        'are not all set: run `npx freshet up`, or set them',
    );
  }
  return Object.freeze({
    prefix: prefixOfSet(settings.FRESHET_PREFIX, settings.FRESHET_PARTITIONS.set),
    partitions: settings.FRESHET_PARTITIONS.partitions,
    types: settings.FRESHET_EVENT_TYPES,
    kafka: kafkaOf(settings, brokers),
    registry: {
      url: registryUrl,
      timeoutMs: settings.FRESHET_REGISTRY_TIMEOUT_MS,
      ...registryAccess(settings, registryUrl),
    },
    // Added to, not copied: a copy would lose the password.
    redis: Object.assign(redisAccess(settings, redisUrl), { url: redisUrl }),
    host: settings.FRESHET_HOST,
    port: settings.FRESHET_PORT,
    logLevel: settings.FRESHET_LOG_LEVEL,
    sliceRecordsMax: settings.FRESHET_SLICE_RECORDS_MAX,
    failedInARowMax: settings.FRESHET_FAILED_IN_A_ROW_MAX,
    failedOf1000Max: settings.FRESHET_FAILED_OF_1000_MAX,
    userHorizonMs: settings.FRESHET_USER_HORIZON_DAYS * dayMs,
    itemHorizonMs: settings.FRESHET_ITEM_HORIZON_DAYS * dayMs,
    profileAttributes: settings.FRESHET_PROFILE_ATTRIBUTES,
    servedAnswersMax: settings.FRESHET_SERVED_ANSWERS_MAX,
  });
}

function kafkaOf(settings: Settings, brokers: readonly string[]): KafkaConfig {
  return {
    brokers,
    clientId: settings.FRESHET_PREFIX,
    sessionTimeoutMs: settings.FRESHET_KAFKA_SESSION_TIMEOUT_MS,
    ...kafkaAccess(settings),
  };
}

/** What looks like a setting of this process and is none, one line each. */
export const settingsMisspelt = (environment: Environment = process.env): string[] =>
  misspelt(environment);

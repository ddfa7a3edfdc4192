import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { applyAlone } from '../cli/commands/apply.ts';
import { registerSchema } from '../lib/avro/register.ts';
import { openRegistry, type RegistryPort } from '../lib/avro/registry.ts';
import { type CommonConfig, commonConfig } from '../lib/config/common.ts';
import { projectDir } from '../lib/config/state-file.ts';
import { UserError } from '../lib/errors.ts';
import { type KafkaAdmin, openAdmin } from '../lib/kafka/admin.ts';
import { openRedis, type RedisPort } from '../lib/redis/redis-port.ts';
import { schemaText } from '../schemas/check.ts';
import { startStack } from '../stack/stack.ts';
import { topics } from '../topics/all.ts';
import { applyTopics, diffTopics, readTopics } from '../topics/apply.ts';
import { topicName } from '../topics/topic.ts';
import { benchEnvironment } from './config.ts';
import { redisCommand } from './redis-command.ts';

/** What everything is measured on: a stack of its own, applied and empty. */
export interface Bed {
  readonly config: CommonConfig;
  readonly environment: Readonly<Record<string, string>>;
  readonly admin: KafkaAdmin;
  readonly redis: RedisPort;
  readonly registry: RegistryPort;
  /** Where the logs of the processes under measure go. */
  readonly dir: string;
  readonly pids: { readonly redis: number; readonly kafka: number };
  close(): Promise<void>;
}

export interface BedOptions {
  /** Redis without its append-only file. Users have it on. */
  readonly aof: boolean;
  readonly say: (line: string) => void;
}

/** A benchmark that is broken off leaves nothing behind; services end with this process. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const definitionsDir = join(projectDir, 'definitions');

export async function openBed(options: BedOptions): Promise<Bed> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-bench-'));
  const closers: (() => Promise<void> | void)[] = [
    () => rmSync(dir, { recursive: true, force: true }),
  ];
  const close = async (): Promise<void> => {
    for (const signal of signals) process.off(signal, interrupted);
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  const interrupted = (): void => void close().finally(() => process.exit(130));
  for (const signal of signals) process.once(signal, interrupted);
  try {
    const stack = await startStack({
      dataDir: dir,
      prometheus: false,
      own: true,
      onProgress: options.say,
    });
    closers.push(() => stack.stop());
    const { kafka, redis: redisPid } = stack.pids;
    if (kafka === undefined || redisPid === undefined) {
      throw new UserError(
        'the CPU of Kafka and Redis is part of what is measured, so they must be its own: unset ' +
          'FRESHET_KAFKA_BROKERS and FRESHET_REDIS_URL',
      );
    }
    const environment = benchEnvironment(stack.addresses);
    const config = commonConfig(environment);
    const { kafkaBrokers, redisUrl, registryUrl } = stack.addresses;
    options.say(`Kafka at ${kafkaBrokers}, Redis at ${redisUrl}, registry at ${registryUrl}`);
    const admin = await openAdmin(config.kafka);
    closers.push(() => admin.close());
    const redis = await openRedis(config.redis);
    closers.push(() => redis.close());
    if (!options.aof) await redisCommand(config.redis.url, 'CONFIG SET appendonly no');
    await applyAll(config, admin);
    const registry = openRegistry(config.registry);
    const pids = { redis: redisPid, kafka };
    return { config, environment, admin, redis, registry, dir, pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `freshet topics apply`, `schemas apply` and `apply definitions` do. */
async function applyAll(config: CommonConfig, admin: KafkaAdmin): Promise<void> {
  const { prefix, partitions } = config;
  const names = topics.map((topic) => topicName(prefix, topic));
  const existing = await readTopics(admin, names);
  await applyTopics(diffTopics(topics, existing, { prefix, partitions }), admin);
  for (const topic of topics) {
    const subject = `${topicName(prefix, topic)}-value`;
    // In the form that services ask for: registries may compare schemas as text.
    const schema = JSON.stringify(JSON.parse(schemaText(topic.schema)));
    await registerSchema(config.registry, subject, schema);
  }
  await applyAlone(definitionsDir, config);
}

/** The texts of the definition files that the bed was given. */
export const definitionTexts = (): string[] =>
  readdirSync(definitionsDir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(definitionsDir, name), 'utf8'));

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Bed } from '../../../bench/bed.ts';
import { openRegistry } from '../../../lib/avro/registry.ts';
import { type CommonConfig, commonConfig } from '../../../lib/config/common.ts';
import type { Environment } from '../../../lib/config/environment.ts';
import { openAdmin } from '../../../lib/kafka/admin.ts';
import { openRedis, type RedisPort } from '../../../lib/redis/redis-port.ts';
import { tagOf } from '../../../lib/redis/tags.ts';
import { currentKey } from '../../../lib/stream/current.ts';
import type { ModelDefinition } from '../../../models/definitions.ts';
import { type StackAddresses, startStack } from '../../../stack/stack.ts';
import { topics } from '../../../topics/all.ts';
import { topicName } from '../../../topics/topic.ts';
import { publishItems } from '../../commands/publish.ts';
import { openInputFile } from '../../data/input-file.ts';
import { currentGenerations } from '../../data/progress-of-services.ts';
import { prepare } from '../../start/prepare.ts';
import { servicesEnvironment } from './config.ts';

export interface InstallationOptions {
  /** Of a stack that runs; null: one is started, and is gone afterwards. */
  readonly addresses: StackAddresses | null;
  /** Nobody else's: offsets are to begin at 0. */
  readonly prefix: string;
  readonly definitions: readonly ModelDefinition[];
  /** Null: models know nothing of items. */
  readonly itemsFile: string | null;
  /** Left out: that of this process. */
  readonly environment?: Environment;
  readonly say: (line: string) => void;
}

/** A whole Freshet of its own, applied and empty; its services are yet to be started. */
export async function openInstallation(options: InstallationOptions): Promise<Bed> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-evaluate-'));
  const undo: (() => Promise<unknown> | void)[] = [
    () => rmSync(dir, { recursive: true, force: true }),
  ];
  const close = async (): Promise<void> => {
    for (const one of undo.splice(0).toReversed()) await one();
  };
  try {
    let { addresses } = options;
    if (addresses === null) {
      const onProgress = options.say;
      const stack = await startStack({ dataDir: dir, prometheus: false, own: true, onProgress });
      undo.push(() => stack.stop());
      addresses = stack.addresses;
    }
    const environment = servicesEnvironment(addresses, options);
    const config = commonConfig(environment);
    await prepare(config, writeDefinitions(dir, options.definitions), options.say);
    await publishOwnItems(config, options.itemsFile);
    const admin = await openAdmin(config.kafka);
    undo.push(() => admin.close());
    if (options.addresses !== null) undo.push(() => deleteTopics(admin, options.prefix));
    const redis = await openRedis(config.redis);
    undo.push(() => redis.close());
    if (options.addresses !== null) undo.push(() => deleteState(redis, options.prefix));
    const registry = openRegistry(config.registry);
    const pids = { redis: 0, kafka: 0 };
    return { config, environment, admin, redis, registry, dir, pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A context without rules, only so that its models are in use. */
function writeDefinitions(dir: string, definitions: readonly ModelDefinition[]): string {
  const folder = join(dir, 'definitions');
  mkdirSync(folder);
  const write = (name: string, definition: object): void =>
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(definition));
  for (const [index, definition] of definitions.entries()) write(`model-${index}`, definition);
  write('context', {
    context: 'through-stack',
    size: 20,
    ladder: definitions.map(({ model }, index) => ({ step: `step-${index}`, model })),
  });
  return folder;
}

async function publishOwnItems(config: CommonConfig, path: string | null): Promise<void> {
  if (path === null) return;
  const file = await openInputFile(path);
  try {
    await publishItems(file, config);
  } finally {
    file.close();
  }
}

const deleteTopics = (admin: Pick<Bed['admin'], 'deleteTopics'>, prefix: string): Promise<void> =>
  admin.deleteTopics(topics.map((topic) => topicName(prefix, topic)));

/** Of one partition there is one tag per family. */
async function deleteState(redis: RedisPort, prefix: string): Promise<void> {
  for (const { name, family, code, id4 } of await currentGenerations(redis, prefix)) {
    for (const letter of [code, code.toUpperCase()])
      for await (const keys of redis.scan(`${tagOf(family, 0)}${letter}${id4}*`))
        for (const key of keys) await redis.del(key);
    await redis.del(currentKey(prefix, name));
  }
}

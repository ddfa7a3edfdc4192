import type { Command } from 'commander';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, currentKey } from '../../lib/stream/current.ts';
import { groupIdOf } from '../../lib/stream/hands.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { currentGenerations, serviceOf, statefulServices } from '../data/progress-of-services.ts';
import { print } from '../output.ts';

interface ResetFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerResetCommand(program: Command): void {
  program
    .command('reset')
    .argument('<service>', `one of: ${statefulServices.join(', ')}`)
    .description('drop what a stopped service has stored, so that it folds its log anew')
    .option('--yes', 'do it, after this command without --yes has said what')
    .option('--json', 'print one JSON line')
    .action(reset);
}

async function reset(service: string, flags: ResetFlags): Promise<void> {
  const config = commonConfig();
  const asJson = flags.json === true;
  const redis = await openRedis(config.redis);
  try {
    const generations = (await currentGenerations(redis, config.prefix)).filter(
      ({ name }) => name === service || serviceOf(name) === service,
    );
    if (!statefulServices.includes(serviceOf(service))) {
      throw new UserError(
        `${service} keeps no state in Redis; services that do: ${statefulServices.join(', ')}`,
      );
    }
    if (generations.length === 0) throw new UserError(`${service} has no current state to drop`);
    const plans: Plan[] = [];
    for (const generation of generations) plans.push(await planOf(redis, config, generation));
    for (const plan of plans) if (!asJson) console.error(describe(plan));
    if (flags.yes !== true) {
      throw new UserError(`nothing was dropped: stop ${service} and repeat this with --yes`);
    }
    // All groups first: a service that still runs refuses here, before anything is gone.
    for (const { group } of plans) await deleteGroup(config, group);
    for (const { generation, keys } of plans) {
      await redis.del(currentKey(config.prefix, generation.name));
      await deleteKeys(redis, keys);
    }
    const dropped = plans.map(({ generation, keys, group }) => ({
      fold: generation.name,
      lineage: generation.lineage,
      keys: keys.length,
      group,
    }));
    print(
      { json: asJson },
      { dropped },
      `Dropped. Start ${service} again and it folds its log from the beginning.`,
    );
  } finally {
    await redis.close();
  }
}

interface Plan {
  readonly generation: CurrentGeneration;
  readonly keys: readonly string[];
  readonly group: string;
}

/** Only keys of this very generation: its letter, in both cases, and its id behind a tag. */
async function planOf(
  redis: RedisPort,
  config: CommonConfig,
  generation: CurrentGeneration,
): Promise<Plan> {
  const { code, id4, name, lineage } = generation;
  const keys = new Set<string>();
  const names = foldKeys(generation);
  for (const letter of [code, code.toUpperCase()]) {
    for await (const found of redis.scan(`{??}${letter}${id4}*`)) {
      for (const key of found) keys.add(key);
    }
  }
  // What was failed because its schema was unknown at the time stays failed when the log is folded
  // again: failed-events says so already.
  for (let p = 0; p < generation.partitions; p += 1) keys.delete(names.decided(p));
  return { generation, keys: [...keys], group: groupIdOf(config.prefix, name, { lineage }) };
}

const describe = ({ generation, keys, group }: Plan): string =>
  `${generation.name} (${generation.lineage}): ${keys.length} keys in Redis, its pointer ` +
  `'current' and the consumer group ${group}`;

async function deleteGroup(config: CommonConfig, group: string): Promise<void> {
  const admin = kafkaClient(config.kafka).admin();
  await admin.connect();
  try {
    await admin.deleteGroups([group]);
  } catch (error) {
    const [failed] = (error as { groups?: { error?: { type?: string } }[] }).groups ?? [];
    const type = failed?.error?.type;
    if (type === 'GROUP_ID_NOT_FOUND') return;
    if (type === 'NON_EMPTY_GROUP') {
      throw new UserError(`nothing was dropped: ${group} has members, so stop the service first`);
    }
    throw new UserError(`nothing was dropped: the group ${group} stays: ${messageOf(error)}`);
  } finally {
    await admin.disconnect();
  }
}

const atOnceMax = 1_000;

async function deleteKeys(redis: RedisPort, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += atOnceMax) {
    await Promise.all(keys.slice(at, at + atOnceMax).map((key) => redis.del(key)));
  }
}

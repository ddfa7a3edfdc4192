import type { Command } from 'commander';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { besideCurrent, buildsKey, readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, currentKey } from '../../lib/stream/current.ts';
import { groupIdOf } from '../../lib/stream/hands.ts';
import { buildGroupOf } from '../../lib/stream/run-build.ts';
import { prefixFor } from '../../topics/sets.ts';
import { deleteGroup, deleteKeys, keysOfGeneration } from '../data/generation-keys.ts';
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

/** Each of its processes has a group of its own: whether one runs cannot be seen by any group. */
const controlIsNotReset =
  'nothing was dropped: control does not start without its state, since its readers keep what it has published. ' +
  'To fold its log anew, beside what there is and while it runs: `npx freshet rebuild control`';

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
    if (service === 'control') throw new UserError(controlIsNotReset);
    if (generations.length === 0) throw new UserError(`${service} has no current state to drop`);
    const plans: Plan[] = [];
    for (const generation of generations) plans.push(await planOf(redis, config, generation));
    for (const plan of plans) if (!asJson) console.error(describe(plan));
    if (flags.yes !== true) {
      throw new UserError(`nothing was dropped: stop ${service} and repeat this with --yes`);
    }
    // All groups first: a service that still runs refuses here, before anything is gone.
    for (const { groups } of plans) for (const group of groups) await deleteGroup(config, group);
    for (const { generation, keys } of plans) {
      const prefix = prefixFor(config.prefix, generation.name);
      await redis.del(currentKey(prefix, generation.name));
      await redis.del(buildsKey(prefix, generation.name));
      await deleteKeys(redis, keys);
    }
    const dropped = plans.map(({ generation, keys, groups: [group] }) => ({
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
  /** Its service's first, then those of builds beside it. */
  readonly groups: readonly string[];
}

async function planOf(
  redis: RedisPort,
  config: CommonConfig,
  generation: CurrentGeneration,
): Promise<Plan> {
  const { name, lineage } = generation;
  const prefix = prefixFor(config.prefix, name);
  const beside = besideCurrent(await readBuilds(redis, prefix, name));
  const keys = await keysOfGeneration(redis, generation);
  // Folded from the same log as what is dropped: nobody may go on with one of these by mistake.
  for (const other of beside) for (const key of await keysOfGeneration(redis, other)) keys.add(key);
  const builds = beside.map((other) => buildGroupOf(prefix, other));
  return { generation, keys: [...keys], groups: [groupIdOf(prefix, name, { lineage }), ...builds] };
}

const describe = ({ generation, keys, groups: [group] }: Plan): string =>
  `${generation.name} (${generation.lineage}): ${keys.length} keys in Redis, its pointer ` +
  `'current' and the consumer group ${group}`;

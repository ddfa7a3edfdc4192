import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { partitionsText, setOf } from '../../lib/config/topic-set.ts';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { groupIdOf } from '../../lib/stream/hands.ts';
import { currentGenerations, serviceOf } from '../data/progress-of-services.ts';
import type { LearnersInUse } from './learners-in-use.ts';
import { type Patience, patiently } from './patiently.ts';

/** Of a group that this command is in itself. */
const ownMembers = 1;
const pollMs = 500;
const sayEveryMs = 30_000;

export interface OthersOptions extends Patience {
  readonly redis: RedisPort;
  readonly services: readonly string[];
  readonly learners: LearnersInUse;
  /** Throws where waiting makes no sense any more. */
  readonly refuseEnd: () => void;
  /** For tests: who knows the members. */
  readonly open?: () => Promise<Pick<KafkaAdmin, 'groupMembers' | 'close'>>;
}

/** After a switch nobody would go on with a set that this command alone has filled: waits for others. */
export async function untilOthers(
  config: Pick<CommonConfig, 'prefix' | 'partitions' | 'kafka'>,
  options: OthersOptions,
): Promise<void> {
  const { redis, services, learners, say, refuseEnd } = options;
  const { prefix, partitions } = config;
  const generations = await patiently(() => currentGenerations(redis, prefix), options);
  const folded = generations.map((generation) => ({
    name: generation.name,
    service: serviceOf(generation.name),
    group: groupIdOf(prefix, generation.name, generation),
  }));
  const open = options.open ?? (() => openAdmin(config.kafka));
  const admin = await patiently(open, options);
  try {
    for (let saidMs = -Infinity; ; ) {
      refuseEnd();
      await patiently(() => learners.look(), options);
      const groups = folded.filter(
        ({ name, service }) => services.includes(service) && learners.has(name),
      );
      const ids = groups.map(({ group }) => group);
      const members = await patiently(() => admin.groupMembers(ids), options);
      const alone = groups.filter(({ group }) => (members.get(group) ?? 0) <= ownMembers);
      if (alone.length === 0) return;
      if (monotonicMs() - saidMs > sayEveryMs) {
        saidMs = monotonicMs();
        const names = [...new Set(alone.map(({ service }) => service))].join(', ');
        const setting = partitionsText({ partitions, set: setOf(prefix) });
        say(`waiting for ${names}: start them with FRESHET_PARTITIONS=${setting}, then I switch`);
      }
      await pause(pollMs);
    }
  } finally {
    await admin.close();
  }
}

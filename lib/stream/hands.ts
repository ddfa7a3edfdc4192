import type { CommonConfig } from '../config/common.ts';
import { RefusedError, RetryableError } from '../errors.ts';
import { type KafkaAdmin, openAdmin } from '../kafka/admin.ts';
import { openOutbox, type Outbox } from '../kafka/outbox.ts';
import { openStateRedis, type RedisPort } from '../redis/redis-port.ts';
import type { RunningService } from '../service.ts';
import { lostState } from './claim.ts';
import { readBuilds } from './builds.ts';
import { claimCurrent, type CurrentGeneration, readCurrent } from './current.ts';
import type { Identity } from './identity.ts';
import type { FoldKeys } from './keys.ts';
import { redisStore, type StateStore } from './store.ts';

/** What a running stateful service holds on to. */
export interface Hands {
  readonly admin: KafkaAdmin;
  readonly redis: RedisPort;
  readonly store: StateStore;
  readonly outbox: Outbox;
  /** Partitions of the input. */
  readonly partitions: number;
  readonly clusterId: string;
}

export const groupIdOf = (prefix: string, name: string, { lineage }: { lineage: string }): string =>
  `${prefix}.${name}.${lineage}`;

export function running(
  name: string,
  owners: { stop(): Promise<void>; healthy(): string | null; ready(): string | null },
  hands: Hands,
): RunningService {
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await owners.stop();
    await closeHands(hands);
  };
  return {
    name,
    stop: () => (stopping ??= stop()),
    healthy: () => owners.healthy(),
    ready: () => owners.ready(),
  };
}

const openers = { admin: openAdmin, redis: openStateRedis, outbox: openOutbox };
type Openers = typeof openers;

/** Connects, and compares the partition counts that state rests on. */
export async function openHands(
  config: CommonConfig,
  wanted: {
    readonly service: string;
    readonly topics: readonly string[];
    readonly partitions: number | null;
  },
  open: Openers = openers,
): Promise<Hands> {
  const kafka = { ...config.kafka, clientId: `${config.prefix}.${wanted.service}` };
  const admin = await open.admin(kafka);
  try {
    const counts = await admin.partitionCounts(wanted.topics);
    for (const topic of wanted.topics) {
      const count = counts.get(topic);
      if (count === undefined) {
        throw new RefusedError(`topic ${topic} is not there: run \`npx freshet topics apply\``);
      }
      if (wanted.partitions !== null && count !== wanted.partitions) {
        throw new RefusedError(
          `${topic} has ${count} partitions and FRESHET_PARTITIONS is ${wanted.partitions}: the ` +
            `count is part of every state's identity, so set FRESHET_PARTITIONS=${count}`,
        );
      }
    }
    const partitions = counts.get(wanted.topics[0] ?? '') ?? 0;
    const clusterId = await admin.clusterId();
    const redis = await open.redis(config.redis);
    try {
      const outbox = await open.outbox(kafka);
      return { admin, redis, store: redisStore(redis), outbox, partitions, clusterId };
    } catch (error) {
      await redis.close();
      throw error;
    }
  } catch (error) {
    await admin.close();
    throw error;
  }
}

export async function closeHands({ admin, redis, outbox }: Hands): Promise<void> {
  await outbox.close();
  await admin.close();
  await redis.close();
}

export interface Claimant {
  readonly fold: {
    readonly name: string;
    readonly code: string;
    readonly family: 'user' | 'item' | 'source';
    readonly horizon: { readonly ms: number } | null;
  };
  readonly identity: Identity;
  readonly topics: readonly string[];
  /** Go on where Redis has nothing although the group has progress. */
  readonly bootstrap: boolean;
}

/**
 * The first generation of a fold becomes the one that readers use; another one must not. Where
 * there is none but the group has progress, Redis has lost it: readers must not take an empty
 * generation for a first one.
 */
export async function becomeCurrent(
  hands: Hands,
  prefix: string,
  { fold, identity, topics, bootstrap }: Claimant,
): Promise<void> {
  const { name } = fold;
  const own = generationFor({ fold, identity }, hands.partitions);
  if (!bootstrap && (await readCurrent(hands.redis, prefix, name)) === null) {
    await waitForBuild(hands, prefix, { fold, identity });
    const groupId = groupIdOf(prefix, name, identity);
    for (const topic of topics) {
      for (const [partition, offset] of await hands.admin.groupOffsets(groupId, topic)) {
        // Another process may have begun since then: then there is a pointer by now.
        if (offset > 0 && (await readCurrent(hands.redis, prefix, name)) === null)
          throw new RefusedError(lostState(name, topic, partition));
      }
    }
  }
  const current = await claimCurrent(hands.redis, prefix, own);
  if (current.hash === identity.hash) return;
  await waitForBuild(hands, prefix, { fold, identity });
  throw new RefusedError(
    `${name}: the state that is current was folded under another identity (${current.lineage}, ` +
      `not ${identity.lineage}): its configuration, partition count or revision changed. Start ` +
      `with the settings it was made with, or fold a generation for these beside it and switch ` +
      `to that: \`npx freshet rebuild ${name}\``,
  );
}

/** Where a generation of the identity is being built, the service waits until it is current. */
async function waitForBuild(
  { redis }: Hands,
  prefix: string,
  { fold: { name }, identity }: Pick<Claimant, 'fold' | 'identity'>,
): Promise<void> {
  const { building } = await readBuilds(redis, prefix, name);
  if (building?.generation.hash !== identity.hash) return;
  throw new RetryableError(
    `${name}: its generation is being built, \`npx freshet rebuild ${name}\` switches to it`,
  );
}

/** The first generation of a fold under an identity. */
export function generationFor(
  { fold, identity }: Pick<Claimant, 'fold' | 'identity'>,
  partitions: number,
): CurrentGeneration {
  const { name, code, family, horizon } = fold;
  const expiry = horizon === null ? {} : { horizonMs: horizon.ms };
  return { name, code, family, ...identity, partitions, ...expiry };
}

/** Beside the header, written once: whose state this is. Four letters in a key are not enough. */
export async function checkMeta(
  hands: Hands,
  {
    service,
    keys,
    identity,
    partition,
  }: { service: string; keys: FoldKeys; identity: Identity; partition: number },
): Promise<void> {
  if (partition >= hands.partitions) {
    throw new RefusedError(
      `${service}: its input has more partitions than its state was folded from ` +
        `(${hands.partitions}): keys went to other partitions with that. Start it again, and it ` +
        `says what to do`,
    );
  }
  const own = JSON.stringify({
    hash: identity.hash,
    partitions: hands.partitions,
    clusterId: hands.clusterId,
  });
  const key = keys.meta(partition);
  await hands.redis.setIfAbsent(key, own);
  const held = await hands.redis.getString(key);
  if (held === own) return;
  // A failover took it in between: what Redis holds now is read again.
  if (held === null) throw new RetryableError(`${service}: Redis has lost what it was just given`);
  throw new RefusedError(
    `${service}: the state in Redis belongs to another cluster or identity (${held ?? 'none'}, ` +
      `here ${own}). Point FRESHET_REDIS_URL and FRESHET_KAFKA_BROKERS at a pair that belongs together`,
  );
}

import { monotonicMs } from '../clock.ts';
import type { CommonConfig } from '../config/common.ts';
import { RefusedError } from '../errors.ts';
import { type KafkaAdmin, openAdmin } from '../kafka/admin.ts';
import { openOutbox, type Outbox } from '../kafka/outbox.ts';
import { openRedis, type RedisPort } from '../redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../service.ts';
import { claimCurrent } from './current.ts';
import { defaultBounds, FoldPartition, type SliceResult } from './fold-partition.ts';
import { failpoint } from './failpoints.ts';
import type { Identity } from './identity.ts';
import { type FoldKeys, foldKeys } from './keys.ts';
import { foldIdentity } from './memory-driver.ts';
import { type Advance, ownPartitions, type PartitionWorker } from './owners.ts';
import { defaultPoisonLimits, type Failure, PoisonMeter } from './poison.ts';
import { redisStore, type StateStore } from './store.ts';
import type { Fold, OutMessage } from './topology.ts';

export interface FoldDeps {
  readonly context: ServiceContext;
  /** Whether the input must have as many partitions as all internal topics have. */
  readonly internalInput: boolean;
  readonly failureMessage: (failure: Failure) => OutMessage;
}

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

/**
 * Runs a fold as a member of its consumer group. Returns when the group was asked to join;
 * `ready` says when all its partitions are claimed. Refuses to start where going on would mix
 * states: another partition count, another cluster, another generation that is current.
 */
export async function runFold<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  deps: FoldDeps,
): Promise<RunningService> {
  const { context } = deps;
  const { config } = context;
  const topics = [fold.input.topic];
  const hands = await openHands(config, {
    service: fold.name,
    topics,
    partitions: deps.internalInput ? config.partitions : null,
  });
  try {
    const identity = foldIdentity(fold, hands.partitions);
    await becomeCurrent(hands, config.prefix, { fold, identity });
    const worker = (partition: number): PartitionWorker =>
      foldWorker(fold, { hands, identity, partition, deps });
    const owners = await ownPartitions({
      service: fold.name,
      group: {
        kafka: { ...config.kafka, clientId: `${config.prefix}.${fold.name}` },
        groupId: groupIdOf(config.prefix, fold.name, identity),
        topics,
        maxWaitMs: 250,
        onFatal: context.onFatal,
      },
      admin: hands.admin,
      log: context.log,
      metrics: context.metrics,
      bootstrap: context.bootstrap,
      worker,
    });
    return running(fold.name, owners, hands);
  } catch (error) {
    await closeHands(hands);
    throw error;
  }
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
    healthy: owners.healthy,
    ready: owners.ready,
  };
}

/** Connects, and compares the partition counts that state rests on. */
export async function openHands(
  config: CommonConfig,
  wanted: {
    readonly service: string;
    readonly topics: readonly string[];
    readonly partitions: number | null;
  },
): Promise<Hands> {
  const kafka = { ...config.kafka, clientId: `${config.prefix}.${wanted.service}` };
  const admin = await openAdmin(kafka);
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
    const redis = await openRedis(config.redis);
    await refuseEviction(redis);
    const outbox = await openOutbox(kafka);
    return { admin, redis, store: redisStore(redis), outbox, partitions, clusterId };
  } catch (error) {
    await admin.close();
    throw error;
  }
}

async function closeHands({ admin, redis, outbox }: Hands): Promise<void> {
  await outbox.close();
  await admin.close();
  await redis.close();
}

/** An evicted header would mean a full replay, an evicted row a wrong state. */
async function refuseEviction(redis: RedisPort): Promise<void> {
  const memory = await redis.info('memory');
  const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1] ?? 'noeviction';
  if (policy === 'noeviction') return;
  throw new RefusedError(
    `Redis evicts keys (maxmemory-policy ${policy}): state would be lost silently. Set ` +
      '`maxmemory-policy noeviction`',
  );
}

/** The first generation of a fold becomes the one that readers use; another one must not. */
export async function becomeCurrent(
  hands: Hands,
  prefix: string,
  {
    fold,
    identity,
  }: {
    fold: { name: string; code: string; family: 'user' | 'item' | 'source' };
    identity: Identity;
  },
): Promise<void> {
  const { name, code, family } = fold;
  const own = { name, code, family, ...identity, partitions: hands.partitions };
  const current = await claimCurrent(hands.redis, prefix, own);
  if (current.hash === identity.hash) return;
  throw new RefusedError(
    `${name}: the state that is current was folded under another identity (${current.lineage}, ` +
      `not ${identity.lineage}): its configuration, partition count or revision changed. Start ` +
      `with the settings it was made with, or drop it with \`npx freshet reset ${name}\` and it ` +
      `is folded anew from the log`,
  );
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
  const own = JSON.stringify({
    hash: identity.hash,
    partitions: hands.partitions,
    clusterId: hands.clusterId,
  });
  const key = keys.meta(partition);
  await hands.redis.setIfAbsent(key, own);
  const held = await hands.redis.getString(key);
  if (held === own) return;
  throw new RefusedError(
    `${service}: the state in Redis belongs to another cluster or identity (${held ?? 'none'}, ` +
      `here ${own}). Point FRESHET_REDIS_URL and FRESHET_KAFKA_BROKERS at a pair that belongs together`,
  );
}

interface WorkerDeps {
  readonly hands: Hands;
  readonly identity: Identity;
  readonly partition: number;
  readonly deps: FoldDeps;
}

function foldWorker<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  { hands, identity, partition, deps }: WorkerDeps,
): PartitionWorker {
  const { config, metrics } = deps.context;
  const keys = foldKeys({ code: fold.code, family: fold.family, id4: identity.id4 });
  const state = new FoldPartition(fold, {
    partition,
    identity,
    keys,
    store: {
      ...hands.store,
      commit: async (commit) => {
        failpoint('before_commit');
        const result = await hands.store.commit(commit);
        failpoint('after_commit');
        return result;
      },
    },
    bounds: { ...defaultBounds, recordsMax: config.sliceRecordsMax },
    meter: new PoisonMeter(defaultPoisonLimits),
    send: async (messages) => {
      if (messages.length === 0) return;
      await hands.outbox.send(messages);
      failpoint('after_emit');
    },
    failureMessage: deps.failureMessage,
  });
  const service = fold.name;
  return {
    header: () => state.header,
    load: async () => {
      await checkMeta(hands, { service, keys, identity, partition });
      return state.load();
    },
    startAt: (_input, offset) => state.startAt(offset),
    drop: () => state.drop(),
    advance: async (_input, records): Promise<Advance> => {
      const startedMs = monotonicMs();
      await fold.input.prepare(records);
      const result = await state.slice(records);
      metrics.observe('freshet_slice_seconds', { service }, (monotonicMs() - startedMs) / 1_000);
      return report(result, deps, { service, topic: fold.emission?.topic ?? '' });
    },
  };
}

/** Counts a slice, and says to the owner what came of it. */
function report(
  result: SliceResult,
  { context }: FoldDeps,
  { service, topic }: { service: string; topic: string },
): Advance {
  const { metrics } = context;
  if (result.kind === 'restart') {
    metrics.add('freshet_slices_total', { service, result: 'restarted' });
    return { kind: 'restart' };
  }
  metrics.add('freshet_slices_total', { service, result: 'applied' });
  metrics.observe('freshet_slice_records', { service }, result.records);
  const failed = result.failures.length;
  let skipped = 0;
  for (const [reason, n] of result.skipped) {
    metrics.add('freshet_skipped_total', { service, reason }, n);
    skipped += n;
  }
  for (const { reason } of result.failures) {
    metrics.add('freshet_failed_events_total', { service, reason });
  }
  const accepted = Math.max(0, result.records - failed - skipped);
  metrics.add('freshet_records_total', { service, outcome: 'accepted' }, accepted);
  metrics.add('freshet_records_total', { service, outcome: 'rejected' }, failed);
  metrics.add('freshet_records_total', { service, outcome: 'skipped' }, skipped);
  if (topic !== '') {
    metrics.add('freshet_emitted_total', { service, topic }, result.emitted - failed);
  }
  return result.kind === 'full' && result.records === 0
    ? { kind: 'full' }
    : { kind: 'done', records: result.records };
}

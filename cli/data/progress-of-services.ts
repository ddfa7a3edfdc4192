import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { type KafkaAdmin, openAdmin, type PartitionOffsets } from '../../lib/kafka/admin.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, currentKey, readCurrent } from '../../lib/stream/current.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { commands } from '../../topics/commands.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { requests } from '../../topics/requests.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { userEvents } from '../../topics/user-events.ts';

/** How far a service is in one partition of one of its topics. */
export interface Progress {
  readonly service: string;
  readonly topic: string;
  readonly partition: number;
  /** The first record that it has not dealt with. */
  readonly next: number;
  readonly end: number;
  readonly lag: number;
}

/** Inputs of folds in the order in which their headers have them. */
const inputs: Readonly<Record<string, readonly Topic[]>> = {
  control: [commands],
  ingest: [userEvents],
  'user-features': [interactions],
  'seen-items': [interactions],
  signals: [interactions],
  learning: [itemSignals],
  candidates: [interactions, exposures],
  weights: [trainingExamples],
  external: [externalCandidates],
  served: [exposures],
  experiments: [interactions, exposures],
};
/** Services without state in Redis: the group's committed offset says how far they are. */
const stateless: Readonly<Record<string, Topic>> = { serving: requests, metrics: metricEvents };

/** `learning:co-visits-0123` is a fold of the service learning. */
export const serviceOf = (fold: string): string => fold.split(':', 1)[0] ?? fold;
export const statefulServices: readonly string[] = Object.keys(inputs);

/** Every fold that has a current generation, by the pointers in Redis. */
export async function currentGenerations(
  redis: RedisPort,
  prefix: string,
): Promise<CurrentGeneration[]> {
  const names = new Set<string>();
  const start = currentKey(prefix, '');
  for await (const keys of redis.scan(`${start}*`)) {
    for (const key of keys) names.add(key.slice(start.length));
  }
  const found: CurrentGeneration[] = [];
  for (const name of [...names].toSorted(byFlow)) {
    const current = await readCurrent(redis, prefix, name);
    if (current !== null) found.push(current);
  }
  return found;
}

const flow = Object.keys(inputs);
const byFlow = (a: string, b: string): number =>
  flow.indexOf(serviceOf(a)) - flow.indexOf(serviceOf(b)) || (a < b ? -1 : 1);

/** Asks again and again without opening connections each time. */
export interface ProgressReader {
  read(): Promise<{ readonly progress: readonly Progress[]; readonly missing: readonly string[] }>;
  close(): Promise<void>;
}

const pointersAgeMsMax = 5_000;

export async function openProgress(config: CommonConfig): Promise<ProgressReader> {
  const admin = await openAdmin(config.kafka);
  await refuseWithoutTopics(config.prefix, admin);
  const redis = await openRedis(config.redis);
  let known: { readonly atMs: number; readonly generations: CurrentGeneration[] } | null = null;
  // Finding the pointers means looking through all keys: not for every picture of a live view.
  const generations = async (): Promise<CurrentGeneration[]> => {
    if (known === null || monotonicMs() - known.atMs > pointersAgeMsMax) {
      known = { atMs: monotonicMs(), generations: await currentGenerations(redis, config.prefix) };
    }
    return known.generations;
  };
  return {
    read: async () => readProgress(config, { admin, redis, generations: await generations() }),
    close: async () => {
      await admin.close();
      await redis.close();
    },
  };
}

const topicsRead: readonly Topic[] = [...Object.values(inputs).flat(), ...Object.values(stateless)];

/** Brokers say of a topic that is missing only that they do not host it. */
export async function refuseWithoutTopics(
  prefix: string,
  admin: Pick<KafkaAdmin, 'close' | 'partitionCounts'>,
): Promise<void> {
  const names = [...new Set(topicsRead.map((topic) => topicName(prefix, topic)))];
  const counts = await admin.partitionCounts(names);
  const missing = names.filter((name) => !counts.has(name));
  if (missing.length === 0) return;
  await admin.close();
  throw new UserError(
    `topic ${missing.join(', ')} is not there: run \`npx freshet topics apply\`, ` +
      `or set FRESHET_PREFIX if it is not '${prefix}'`,
  );
}

interface Sources {
  readonly admin: KafkaAdmin;
  readonly redis: RedisPort;
  readonly generations: readonly CurrentGeneration[];
}

async function readProgress(config: CommonConfig, { admin, redis, generations }: Sources) {
  const known = new Map<string, Promise<PartitionOffsets[]>>();
  const endsOf = (topic: string): Promise<PartitionOffsets[]> => {
    let ends = known.get(topic);
    if (ends === undefined) known.set(topic, (ends = admin.topicOffsets(topic)));
    return ends;
  };
  const progress: Progress[] = [];
  for (const current of generations) {
    const topics = (inputs[serviceOf(current.name)] ?? []).map((topic) =>
      topicName(config.prefix, topic),
    );
    // Before the ends: a lag may then come out too large by a moment, but never below zero.
    const stored = await headersOf(redis, current);
    for (const [input, topic] of topics.entries()) {
      for (const ends of await endsOf(topic)) {
        const next = stored[ends.partition]?.[input] ?? 0;
        progress.push(progressOf(current.name, topic, { ends, next }));
      }
    }
  }
  for (const [service, of] of Object.entries(stateless)) {
    const topic = topicName(config.prefix, of);
    const committed = await admin.groupOffsets(`${config.prefix}.${service}`, topic);
    for (const ends of await endsOf(topic)) {
      const next = committed.get(ends.partition) ?? -1;
      progress.push(progressOf(service, topic, { ends, next }));
    }
  }
  const started = new Set(generations.map(({ name }) => serviceOf(name)));
  return { progress, missing: statefulServices.filter((service) => !started.has(service)) };
}

function progressOf(
  service: string,
  topic: string,
  { ends, next }: { ends: PartitionOffsets; next: number },
): Progress {
  const { partition, low, high } = ends;
  const from = Math.max(low, next);
  return { service, topic, partition, next: from, end: high, lag: Math.max(0, high - from) };
}

/** Offsets per partition and input, as stored with the state. */
async function headersOf(redis: RedisPort, current: CurrentGeneration): Promise<number[][]> {
  const keys = foldKeys(current);
  const partitions = Array.from({ length: current.partitions }, (_, partition) => partition);
  const values = await redis.mgetMany(partitions.map((partition) => [keys.header(partition)]));
  return values.map(([header]) =>
    header === null || header === undefined ? [] : [...parseHeader(header).offsets],
  );
}

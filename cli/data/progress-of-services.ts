import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { installationOf, prefixOfSet, setOf } from '../../lib/config/topic-set.ts';
import { UserError } from '../../lib/errors.ts';
import { type KafkaAdmin, openAdmin, type PartitionOffsets } from '../../lib/kafka/admin.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, currentKey, readCurrent } from '../../lib/stream/current.ts';
import { commands } from '../../topics/commands.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { exposuresBeside } from '../../topics/repartitioned-exposures.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { requests } from '../../topics/requests.ts';
import { prefixFor } from '../../topics/sets.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { userEvents } from '../../topics/user-events.ts';
import { offsetsOf } from './offsets.ts';

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
const inputsIn = (prefix: string): Readonly<Record<string, readonly Topic[]>> => ({
  control: [commands],
  ingest: [userEvents],
  'user-features': [interactions],
  'seen-items': [interactions],
  signals: [interactions],
  learning: [itemSignals],
  candidates: [interactions, exposuresBeside(prefix)],
  weights: [trainingExamples],
  external: [externalCandidates],
  served: [exposures],
  // In the first set exposures are where interactions are.
  ...(setOf(prefix) === 1 ? {} : { repartition: [exposures] }),
  experiments: [interactions, exposuresBeside(prefix)],
});
/** Services without state in Redis: the group's committed offset says how far they are. */
const stateless: Readonly<Record<string, Topic>> = { serving: requests, metrics: metricEvents };

/** `learning:co-visits-0123` is a fold of the service learning. */
export const serviceOf = (fold: string): string => fold.split(':', 1)[0] ?? fold;
const secondSet = prefixOfSet('', 2);
export const statefulServices: readonly string[] = Object.keys(inputsIn(secondSet));

/**
 * Every fold that has a current generation, by the pointers in Redis: of the prefix's set, and of
 * those that all sets share.
 */
export async function currentGenerations(
  redis: RedisPort,
  prefix: string,
): Promise<CurrentGeneration[]> {
  const found: CurrentGeneration[] = [];
  for (const name of await namesUnder(redis, prefix, currentKey)) {
    const current = await readCurrent(redis, prefixFor(prefix, name), name);
    if (current !== null) found.push(current);
  }
  return found;
}

/** Names of folds that have such a key, in the order of the flow. */
export async function namesUnder(
  redis: RedisPort,
  prefix: string,
  keyOf: (prefix: string, name: string) => string,
): Promise<string[]> {
  const names = new Set<string>();
  for (const own of new Set([prefix, installationOf(prefix)])) {
    const start = keyOf(own, '');
    for await (const keys of redis.scan(`${start}*`)) {
      for (const key of keys) {
        const name = key.slice(start.length);
        if (prefixFor(prefix, name) === own) names.add(name);
      }
    }
  }
  return [...names].toSorted(byFlow);
}

const flow = statefulServices;
const byFlow = (a: string, b: string): number =>
  flow.indexOf(serviceOf(a)) - flow.indexOf(serviceOf(b)) || (a < b ? -1 : 1);

export type EndsOfTopics = Map<string, Promise<PartitionOffsets[]>>;

/** Asks again and again without opening connections each time. */
export interface ProgressReader {
  /** `ends`: of topics that were looked at before; those that are missing are put there. */
  read(
    ends?: EndsOfTopics,
  ): Promise<{ readonly progress: readonly Progress[]; readonly missing: readonly string[] }>;
  close(): Promise<void>;
}

const pointersAgeMsMax = 5_000;

export async function openProgress(config: CommonConfig): Promise<ProgressReader> {
  const admin = await openAdmin(config.kafka);
  const redis = await refuseWithoutTopics(config.prefix, admin)
    .then(() => openRedis(config.redis))
    .catch(async (error: unknown) => {
      await admin.close();
      throw error;
    });
  let known: { readonly atMs: number; readonly generations: CurrentGeneration[] } | null = null;
  // Finding the pointers means looking through all keys: not for every picture of a live view.
  const generations = async (): Promise<CurrentGeneration[]> => {
    if (known === null || monotonicMs() - known.atMs > pointersAgeMsMax) {
      known = { atMs: monotonicMs(), generations: await currentGenerations(redis, config.prefix) };
    }
    return known.generations;
  };
  return {
    read: async (ends = new Map()) =>
      readProgress(config, { admin, redis, generations: await generations(), known: ends }),
    close: async () => {
      await admin.close();
      await redis.close();
    },
  };
}

const topicsRead = (prefix: string): readonly Topic[] => [
  ...Object.values(inputsIn(prefix)).flat(),
  ...Object.values(stateless),
];

/** Brokers say of a topic that is missing only that they do not host it. */
export async function refuseWithoutTopics(
  prefix: string,
  admin: Pick<KafkaAdmin, 'partitionCounts'>,
): Promise<void> {
  const names = [...new Set(topicsRead(prefix).map((topic) => topicName(prefix, topic)))];
  const counts = await admin.partitionCounts(names);
  const missing = names.filter((name) => !counts.has(name));
  if (missing.length === 0) return;
  throw new UserError(
    `topic ${missing.join(', ')} is not there: run \`npx freshet topics apply\`, ` +
      `or set FRESHET_PREFIX if it is not '${prefix}'`,
  );
}

interface Sources {
  readonly admin: KafkaAdmin;
  readonly redis: RedisPort;
  readonly generations: readonly CurrentGeneration[];
  readonly known: EndsOfTopics;
}

async function readProgress(config: CommonConfig, { admin, redis, generations, known }: Sources) {
  const endsOf = (topic: string): Promise<PartitionOffsets[]> => {
    let ends = known.get(topic);
    if (ends === undefined) known.set(topic, (ends = admin.topicOffsets(topic)));
    return ends;
  };
  const progress: Progress[] = [];
  const inputs = inputsIn(config.prefix);
  // Before the ends: a lag may then come out too large by a moment, but never below zero.
  const headers = await Promise.all(generations.map((current) => offsetsOf(redis, current)));
  const topicsNow = generations.flatMap(({ name }) => inputs[serviceOf(name)] ?? []);
  await Promise.all(topicsNow.map((topic) => endsOf(topicName(config.prefix, topic))));
  for (const [at, current] of generations.entries()) {
    const topics = (inputs[serviceOf(current.name)] ?? []).map((topic) =>
      topicName(config.prefix, topic),
    );
    const stored = headers[at] ?? [];
    for (const [input, topic] of topics.entries()) {
      for (const ends of await endsOf(topic)) {
        const next = stored[ends.partition]?.[input] ?? 0;
        progress.push(progressOf(current.name, topic, { ends, next }));
      }
    }
  }
  for (const [service, of] of Object.entries(stateless)) {
    const topic = topicName(config.prefix, of);
    const committed = await admin.groupOffsets(
      `${prefixFor(config.prefix, service)}.${service}`,
      topic,
    );
    for (const ends of await endsOf(topic)) {
      const next = committed.get(ends.partition) ?? -1;
      progress.push(progressOf(service, topic, { ends, next }));
    }
  }
  const started = new Set(generations.map(({ name }) => serviceOf(name)));
  return { progress, missing: Object.keys(inputs).filter((service) => !started.has(service)) };
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

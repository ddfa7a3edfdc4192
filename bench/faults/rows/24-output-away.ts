import { monotonicMs } from '../../../lib/clock.ts';
import { kafkaClient } from '../../../lib/kafka/client.ts';
import { failedEvents } from '../../../topics/failed-events.ts';
import { recommendations } from '../../../topics/recommendations.ts';
import { topicName } from '../../../topics/topic.ts';
import { userEvents } from '../../../topics/user-events.ts';
import { foldsOf, storedOffsets } from '../../progress.ts';
import { type FaultBed, FaultMissed, type FaultRow, type InjectOptions } from '../row.ts';
import { pause, until } from '../waiting.ts';
import { setAside } from './22-poison.ts';

const waitMsMax = 90_000;
/** Slices that a partition may try in a second: more is a hot loop. */
const triesPerSecondMax = 20;

/** One more than are in step while a broker is down. */
const copiesDemanded = '3';
const isrMsMax = 60_000;
/** Until all brokers have heard of a topic's settings. */
const settingsMs = 2_000;

/**
 * A broker is down, and the topic of failed events, then that of answers, demands more copies in
 * step than are left. Nothing passes the record that cannot be written, and nothing spins. More
 * copies than a topic has cannot be demanded: brokers take that for as many as it has.
 */
export const row: FaultRow = {
  row: 24,
  title: 'failed-events or recommendations takes no writes',
  alone: true,
  recoverySecondsMax: 90,
  inject: async (bed, options) => {
    const broker = options.random.pick(bed.brokers);
    await broker.kill();
    try {
      await outOfStep(bed, options);
      const tries = await failedEventsAway(bed, options);
      await answersAway(bed, options);
      return { figures: { tries_per_second: tries } };
    } finally {
      await broker.restart();
    }
  },
};

/** Resolves when what the broker had of both topics counts as out of step. */
async function outOfStep({ config }: FaultBed, { signal }: InjectOptions): Promise<void> {
  const topics = [failedEvents, recommendations].map((of) => topicName(config.prefix, of));
  const admin = kafkaClient(config.kafka).admin();
  await admin.connect();
  try {
    const isSo = async (): Promise<boolean> => {
      const { topics: known } = await admin.fetchTopicMetadata({ topics });
      return known.every(({ partitions }) =>
        partitions.every(({ isr }) => isr.length < Number(copiesDemanded)),
      );
    };
    await until(isSo, { withinMs: isrMsMax, what: 'copies are out of step', signal });
  } finally {
    await admin.disconnect();
  }
}

async function refusingWrites(
  { admin }: FaultBed,
  { topic, signal }: { readonly topic: string; readonly signal: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  const entries = (await admin.describeConfigs([topic])).get(topic) ?? [];
  const own = Object.fromEntries(
    entries.filter(({ isDefault }) => !isDefault).map(({ name, value }) => [name, value]),
  );
  await admin.alterConfigs(topic, { ...own, 'min.insync.replicas': copiesDemanded });
  try {
    await pause(settingsMs, signal);
    await work();
  } finally {
    await admin.alterConfigs(topic, own);
  }
}

async function failedEventsAway(
  bed: FaultBed,
  { seconds, signal }: InjectOptions,
): Promise<number> {
  const topic = topicName(bed.config.prefix, userEvents);
  const before = (await setAside(bed)).size;
  let tries = 0;
  const output = { topic: topicName(bed.config.prefix, failedEvents), signal };
  await refusingWrites(bed, output, async () => {
    const retriedBefore = await retried(bed);
    const startedMs = monotonicMs();
    await bed.load.send([{ topic, partition: 0, key: 'u1', value: Buffer.from([1, 2, 3, 4, 5]) }]);
    // The poison lies below it, and the load's events go on above it.
    const [below] = await bed.admin.topicOffsets(topic);
    const saysSo = async (): Promise<boolean> => (await pausedPartitions(bed)) > 0;
    const what = 'a partition of ingest says that it is paused';
    await until(saysSo, { withinMs: waitMsMax, what, signal });
    await pause(seconds * 500, signal);
    const offset = await ingestedOf0(bed);
    if (offset >= (below?.high ?? 0))
      throw new FaultMissed(`ingest stands at ${offset}, past poison that was not set aside`);
    tries = ((await retried(bed)) - retriedBefore) / ((monotonicMs() - startedMs) / 1_000);
  });
  if (tries > triesPerSecondMax) throw new FaultMissed(`${tries} tries a second: a hot loop`);
  const there = async (): Promise<boolean> => (await setAside(bed)).size === before + 1;
  await until(there, { withinMs: waitMsMax, what: 'the poison is set aside, once', signal });
  return Math.round(tries * 10) / 10;
}

/** By the metric that the alarm looks at. */
const pausedPartitions = async (bed: FaultBed): Promise<number> => {
  let sum = 0;
  for (const worker of bed.workers)
    sum += await worker.metric('freshet_partition_paused', 'service="ingest"');
  return sum;
};

const ingestedOf0 = async (bed: FaultBed): Promise<number> => {
  const [fold] = foldsOf('ingest');
  const offsets = fold === undefined ? [] : await storedOffsets(bed, fold);
  return offsets[0]?.[0] ?? 0;
};

const retried = async (bed: FaultBed): Promise<number> => {
  let sum = 0;
  for (const worker of bed.workers)
    sum += await worker.metric('freshet_slices_total', 'result="retried"');
  return sum;
};

async function answersAway(bed: FaultBed, { seconds, signal }: InjectOptions): Promise<void> {
  const topic = topicName(bed.config.prefix, recommendations);
  const end = async (): Promise<number> =>
    (await bed.admin.topicOffsets(topic)).reduce((sum, { high }) => sum + high, 0);
  await refusingWrites(bed, { topic, signal }, async () => {
    await pause(seconds * 250, signal);
    const before = await end();
    await pause(seconds * 250, signal);
    if ((await end()) > before) throw new FaultMissed('answers went out all the same');
  });
  const ended = bed.workers.filter(({ running }) => !running).map(({ name }) => name);
  if (ended.length > 0) throw new FaultMissed(`${ended.join(', ')} ended instead of waiting`);
}

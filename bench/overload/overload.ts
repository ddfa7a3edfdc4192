import { setTimeout as pause } from 'node:timers/promises';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import {
  type Recommendation,
  recommendationSchema,
} from '../../schemas/generated/recommendation.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { createEchoTopics, foldServices } from '../answers.ts';
import { type Bed, openBed } from '../bed.ts';
import { residentMb } from '../cpu.ts';
import type { Figures, LoadSetup } from '../load/jobs.ts';
import { type LoadProcess, startLoadProcess } from '../load/load-process.ts';
import { caughtUp } from '../progress.ts';
import { publishEvents, publishItems } from '../publish.ts';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import { eventsOf, type World, worldOf } from '../synthetic.ts';
import { flood } from './flood.ts';

export interface OverloadOptions {
  readonly seconds: number;
  /** How many times as much as is answered in a second is asked. */
  readonly times: number;
  readonly say: (line: string) => void;
}

type Result = Record<string, number>;

const users = 2_000;
const items = 2_000;
const eventsBefore = 20_000;
const lagEvents = 60_000;
const capacityRequests = 8_000;
const steadyRate = 50;
const pollMs = 250;
const dayMs = 86_400_000;

/**
 * What a flood of requests does to serving and to those who ask among it, and what a flood of
 * events does to answers. Every request must be answered, and memory must not grow with the flood.
 */
export async function benchOverload(options: OverloadOptions): Promise<Result> {
  const bed = await openBed({ aof: true, say: options.say });
  const running: ServiceProcess[] = [];
  let generator: LoadProcess | null = null;
  const run = async (...services: string[]): Promise<ServiceProcess> => {
    const started = await startServiceProcess(bed, { run: services });
    running.push(started);
    return started;
  };
  const stopAll = async (): Promise<void> => {
    for (const one of running.splice(0)) await one.stop();
  };
  try {
    const world = worldOf(users, items);
    await publishItems(bed, world.items);
    await publish(bed, { world, count: eventsBefore, idPrefix: 'before' });
    await run('control', ...foldServices);
    const serving = await run('serving');
    await caughtUp(bed, foldServices);
    // The generator listens to the echo too, which nobody asks here.
    await createEchoTopics(bed);
    generator = await startLoadProcess('./generator.ts', setupOf(bed));
    const test: Test = { bed, world, serving, generator, options };
    const floods = await underFloods(test);
    const apart = await whileEventsCome(test, 'apart');
    await stopAll();
    const all = await run('--all');
    const together = await whileEventsCome({ ...test, serving: all }, 'together');
    await stopAll();
    return { ...floods, ...apart, ...together, unanswered: await unanswered(bed) };
  } finally {
    await generator?.stop();
    await stopAll();
    await bed.close();
  }
}

interface Test {
  readonly bed: Bed;
  readonly world: World;
  readonly serving: ServiceProcess;
  readonly generator: LoadProcess;
  readonly options: OverloadOptions;
}

async function publish(
  bed: Bed,
  { world, count, idPrefix }: { world: World; count: number; idPrefix: string },
): Promise<void> {
  const toMs = now();
  const span = { fromMs: toMs - dayMs, toMs };
  await publishEvents(bed, eventsOf({ world, count, seed: 5, idPrefix, ...span }));
}

async function underFloods(test: Test): Promise<Result> {
  const { bed, world, options } = test;
  const perSecond = await capacity(test);
  options.say(`overload: ${perSecond} answers a second`);
  const quiet = await steady(test, () => pause(options.seconds * 1_000));
  const floodOptions = { seconds: options.seconds, users: world.users, deadlineMs: 500 };
  const before = await statuses(test);
  const memory = watchMemory(test);
  let sent = { sent: 0, perSecond: 0 };
  const among = await steady(test, async () => {
    const rate = perSecond * options.times;
    sent = await flood(bed, { ...floodOptions, perSecond: rate, hotShare: 0 });
  });
  const drained = await drainedSeconds(bed);
  const shed = difference(before, await statuses(test), 'flood');
  options.say(`overload: ${sent.sent} at ${sent.perSecond}/s: ${JSON.stringify(shed)}`);
  const hotBefore = await statuses(test);
  let hot = { sent: 0, perSecond: 0 };
  const amongHot = await steady(test, async () => {
    const rate = perSecond * options.times;
    hot = await flood(bed, { ...floodOptions, perSecond: rate, hotShare: 1, deadlineMs: null });
  });
  await drainedSeconds(bed);
  const hotShed = difference(hotBefore, await statuses(test), 'hot');
  options.say(`overload: ${hot.sent} of one user: ${JSON.stringify(hotShed)}`);
  return {
    answers_per_second: perSecond,
    ...named('quiet', quiet),
    flood_requests: sent.sent,
    flood_per_second: sent.perSecond,
    ...shed,
    ...named('flood', among),
    flood_drained_s: drained,
    ...memory.stop(),
    hot_requests: hot.sent,
    ...hotShed,
    ...named('hot', amongHot),
  };
}

/** Answers a second, when so many wait as may wait. */
async function capacity({ bed, world }: Test): Promise<number> {
  const wave = { users: world.users, hotShare: 0, deadlineMs: null };
  // The first is for the compiler.
  await flood(bed, { ...wave, seconds: 1, perSecond: capacityRequests / 2 });
  await drainedSeconds(bed);
  const startedMs = monotonicMs();
  const { sent } = await flood(bed, { ...wave, seconds: 0.2, perSecond: capacityRequests * 5 });
  await drainedSeconds(bed);
  return Math.round((sent * 1_000) / (monotonicMs() - startedMs));
}

/** Steady requests of others while something goes on, and how long they waited. */
async function steady(
  { generator, options }: Test,
  work: () => Promise<unknown>,
): Promise<Figures> {
  const { seconds } = options;
  const service = 'answers';
  const job = { kind: 'requests', service, rate: steadyRate } as const;
  await generator.do({ ...job, seconds: 2, counts: false });
  await generator.do({ kind: 'forget', service });
  await Promise.all([generator.do({ ...job, seconds, counts: true }), work()]);
  return generator.do<Figures>({ kind: 'figures', service });
}

const setupOf = ({ config }: Bed): LoadSetup => ({
  brokers: config.kafka.brokers,
  registryUrl: config.registry.url,
  prefix: config.prefix,
  partitions: config.partitions,
  users,
  items,
  context: 'home-feed',
});

async function whileEventsCome(test: Test, name: 'apart' | 'together'): Promise<Result> {
  const { bed, world, options } = test;
  await caughtUp(bed, foldServices);
  const quiet = await steady(test, () => pause(options.seconds * 1_000));
  const lagging = await steady(test, () =>
    publish(bed, { world, count: lagEvents, idPrefix: `lag-${name}` }),
  );
  await caughtUp(bed, foldServices);
  options.say(`overload: ${name}: p99 ${quiet.p99_ms} ms, with lag ${lagging.p99_ms} ms`);
  return { ...named(`${name}_quiet`, quiet), ...named(`${name}_lagging`, lagging) };
}

const named = (name: string, { p50_ms, p99_ms, max_ms, missing }: Figures): Result => ({
  [`${name}_p50_ms`]: p50_ms,
  [`${name}_p99_ms`]: p99_ms,
  [`${name}_max_ms`]: max_ms,
  [`${name}_missing`]: missing,
});

async function statuses({ serving }: Test): Promise<Result> {
  const text = await (await fetch(`${serving.url}/metrics`)).text();
  const counts: Result = {};
  for (const [, status, count] of text.matchAll(
    /^freshet_requests_total\{status="([^"]*)"\} (\d+)/gm,
  ))
    counts[status ?? ''] = Number(count);
  return counts;
}

const difference = (before: Result, after: Result, name: string): Result =>
  Object.fromEntries(
    Object.entries(after).map(([status, count]) => [
      `${name}_${status}`,
      count - (before[status] ?? 0),
    ]),
  );

function watchMemory({ serving }: Test): { stop(): Result } {
  const series = [residentMb(serving.pid).now];
  const timer = setInterval(() => series.push(residentMb(serving.pid).now), pollMs);
  return {
    stop: () => {
      clearInterval(timer);
      const half = series.slice(Math.floor(series.length / 2));
      return {
        rss_before_mb: series[0] ?? 0,
        rss_max_mb: Math.max(...series),
        rss_half_mb: half[0] ?? 0,
        rss_end_mb: half.at(-1) ?? 0,
      };
    },
  };
}

/** Seconds until the group of serving has nothing before it. */
async function drainedSeconds({ admin, config }: Bed): Promise<number> {
  const topic = topicName(config.prefix, requests);
  const startedMs = monotonicMs();
  for (;;) {
    const ends = await admin.topicOffsets(topic);
    const done = await admin.groupOffsets(`${config.prefix}.serving`, topic);
    if (ends.every(({ partition, high }) => (done.get(partition) ?? 0) >= high))
      return Math.round((monotonicMs() - startedMs) / 100) / 10;
    await pause(pollMs);
  }
}

/** Requests on the log that no record of an answer names. */
async function unanswered(bed: Bed): Promise<number> {
  const { config, admin } = bed;
  const answered = new Set<string>();
  const topic = topicName(config.prefix, recommendations);
  const decoder = new TopicDecoder<Recommendation>({
    registry: bed.registry,
    subject: `${topic}-value`,
    schema: recommendationSchema,
    valueBytesMax: recommendations.messageBytesMax,
  });
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (decoded.ok) answered.add(decoded.value.answer_id);
    }
  }
  const ends = await admin.topicOffsets(topicName(config.prefix, requests));
  return ends.reduce((sum, { high }) => sum + high, 0) - answered.size;
}

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { redisStore } from '../../lib/stream/store.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { runTask } from '../../lib/stream/run-task.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { type TrainingPack, trainingPackSchema } from '../../schemas/generated/training-pack.ts';
import { exposuresBeside } from '../../topics/repartitioned-exposures.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { interactions } from '../../topics/interactions.ts';
import { prefixFor } from '../../topics/sets.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { type CandidatesConfig, candidatesConfig } from './config.ts';
import { DepthFactors } from './depth.ts';
import { followPersonalModels, type PersonalModelsInUse } from './definitions.ts';
import { LiveWork } from './live-work.ts';
import type { ExamplePacking } from './packing.ts';
import type { ExampleResult } from './training.ts';
import {
  type ActiveUser,
  activeUserFields,
  type CandidatesOptions,
  candidatesTask,
  type ServedUser,
  servedUserFields,
} from './topology.ts';
import { warmLogOf } from './warm-log.ts';
import { startWarming } from './warm-main.ts';

/** How long a switched pointer `current` may go unnoticed. */
const pointerAgeMsMax = 2_000;
const name = 'candidates';

export async function startCandidates(context: ServiceContext): Promise<RunningService> {
  const config = candidatesConfig();
  const redis = await openRedis(context.config.redis);
  let definitions: PersonalModelsInUse | null = null;
  try {
    definitions = await followPersonalModels(context, openRegistry(context.config.registry));
    const packing = await examplePacking(context);
    const lists = await listsOf(context, config, { redis, models: definitions, packing });
    const live = new LiveWork(monotonicMs);
    const task = candidatesTask(lists);
    const running = await runTask(
      { ...task, slice: (slice) => live.during(() => task.slice(slice)) },
      context,
    );
    const warming = startWarming(context, {
      lists,
      live,
      scopeOf: definitions.scopeOf,
      owns: running.owns,
      store: redisStore(redis),
      log: warmLogOf(context.config),
    });
    return together(running, { definitions, redis, warming });
  } catch (error) {
    await definitions?.stop();
    await redis.close();
    throw error;
  }
}

async function listsOf(
  context: ServiceContext,
  config: CandidatesConfig,
  given: {
    readonly redis: RedisPort;
    readonly models: PersonalModelsInUse;
    readonly packing: ExamplePacking;
  },
): Promise<CandidatesOptions> {
  const { redis } = given;
  const { prefix, types } = context.config;
  const { metrics } = context;
  const input = inputs(context);
  const ofInteractions = input<ActiveUser>(interactions, interactionFields(activeUserFields));
  const ofExposures = input<ServedUser>(exposuresBeside(prefix), exposureFields);
  await Promise.all([ofInteractions.decoder.open?.(), ofExposures.decoder.open?.()]);
  return {
    interactions: ofInteractions,
    exposures: ofExposures,
    ...given,
    types,
    config,
    factors: new DepthFactors(config.depthTimesMax),
    generations: new Generations(redis, {
      prefixOf: (fold) => prefixFor(prefix, fold),
      ageMsMax: pointerAgeMsMax,
      clockMs: monotonicMs,
    }),
    reads: new LearnedReads(redis, config),
    weights: new LearnedWeights(config.weightsAgeMsMax),
    nowMs: now,
    counted: {
      ...trainingCounts(context),
      lists: (count) => metrics.add('freshet_candidate_lists_total', { result: 'written' }, count),
      deepened: (model) => metrics.add('freshet_candidates_deepened_total', { model }),
      depth: (model, wanted) => metrics.set('freshet_candidates_depth', { model }, wanted),
      skipped: (reason, count) =>
        metrics.add('freshet_skipped_total', { service: name, reason }, count),
      fresh: (seconds) => metrics.observe('freshet_candidates_freshness_seconds', {}, seconds),
    },
  };
}

const trainingCounts = ({ metrics }: ServiceContext) => ({
  examples: (result: ExampleResult) => metrics.add('freshet_examples_total', { result }),
  openBytes: (bytes: number) => metrics.observe('freshet_open_example_bytes', {}, bytes),
  weightsAge: (seconds: number) =>
    metrics.set('freshet_weights_age_seconds', { service: name }, seconds),
});

/** A pack, and the largest interaction after it, stay under the broker's limit of a record. */
const packBytesMax = 256 * 1024;

async function examplePacking({ config }: ServiceContext): Promise<ExamplePacking> {
  const topic = topicName(config.prefix, trainingExamples);
  const registry = openRegistry(config.registry);
  const encode = await openEncoder<TrainingPack>(registry, `${topic}-value`, trainingPackSchema);
  return { topic, partitions: config.partitions, encode, packBytesMax };
}

const exposureFields = {
  ...exposureSchema,
  fields: exposureSchema.fields.filter((field) =>
    (servedUserFields as readonly string[]).includes(field.name),
  ),
};

const inputs =
  ({ config }: ServiceContext) =>
  <T>(of: Topic, schema: object): { topic: string; decoder: TopicDecoder<T> } => {
    const topic = topicName(config.prefix, of);
    const registry = openRegistry(config.registry);
    const valueBytesMax = of.messageBytesMax;
    const subject = `${topic}-value`;
    const decoder = new TopicDecoder<T>({ registry, subject, schema, valueBytesMax });
    return { topic, decoder };
  };

function together(
  running: RunningService,
  {
    definitions,
    redis,
    warming,
  }: {
    readonly definitions: PersonalModelsInUse;
    readonly redis: { close(): Promise<void> };
    readonly warming: { stop(): Promise<void> };
  },
): RunningService {
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await warming.stop();
    await running.stop();
    await definitions.stop();
    await redis.close();
  };
  return {
    name,
    stop: () => (stopping ??= stop()),
    healthy: () => running.healthy() ?? definitions.healthy(),
    ready: () => definitions.ready() ?? running.ready(),
  };
}

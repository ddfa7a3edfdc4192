import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { type BatchConsumer, startBatchConsumer } from '../../lib/kafka/batch-consumer.ts';
import type { KafkaConfig } from '../../lib/kafka/client.ts';
import { openOutbox, type Outbox } from '../../lib/kafka/outbox.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { metricEventSchema } from '../../schemas/generated/metric-event.ts';
import { recommendationSchema } from '../../schemas/generated/recommendation.ts';
import { topics as everyTopic } from '../../topics/all.ts';
import { servingLineage } from '../../topics/exposures-input.ts';
import { exposures } from '../../topics/exposures.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { partitionsOf } from '../../topics/partitions-of.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { type BatchParts, serveBatch } from './batch.ts';
import { type ServingConfig, servingConfig } from './config.ts';
import { ForeignReplies } from './foreign.ts';
import { gathering } from './gathering.ts';
import { giveWay } from './give-way.ts';
import { followKnowledge, type Knowledge } from './knowledge.ts';
import type { Messages } from './messages.ts';
import { PageTokens } from './page-token.ts';
import { foldNames } from './plan.ts';
import { Pressure } from './pressure.ts';
import { Rankings } from './rankings.ts';
import { openRequestDecoder } from './request-decoder.ts';
import { SetGenerations } from './set-generations.ts';
import { topicCache } from './topic-cache.ts';

const name = 'serving';

/** What is open while the service runs. */
interface Parts {
  readonly context: ServiceContext;
  readonly config: ServingConfig;
  readonly kafka: KafkaConfig;
  readonly registry: RegistryPort;
  readonly redis: RedisPort;
  readonly own: Outbox;
  readonly replies: Outbox;
  readonly knowledge: Knowledge;
  readonly generations: SetGenerations;
}

/**
 * waiting (definitions, items, generations) -> serving -> stopped. Requests are joined only when
 * everything that an answer needs is there: until then they wait on their topic.
 */
interface State {
  consumer: BatchConsumer | null;
  stopping: boolean;
  waitsFor: string | null;
  /** What is missing while it goes on with what it knew: requests wait meanwhile. */
  missing: string | null;
  timer: NodeJS.Timeout | null;
}

export async function startServing(context: ServiceContext): Promise<RunningService> {
  const closers: Closer[] = [];
  try {
    const parts = await openParts(context, closers);
    return run(parts, await batchPartsOf(parts), closers);
  } catch (error) {
    // Whoever starts services tries again when a dependency was away: leave nothing open.
    await closeAll(closers);
    throw error;
  }
}

function run(parts: Parts, batchParts: BatchParts, closers: readonly Closer[]): RunningService {
  const state: State = {
    consumer: null,
    stopping: false,
    waitsFor: 'starting',
    missing: null,
    timer: null,
  };
  const starting = begin(parts, batchParts, state).catch((error: unknown) => {
    if (!state.stopping) parts.context.onFatal(error as Error);
  });
  return {
    name,
    healthy: () => parts.knowledge.healthy() ?? state.consumer?.healthy() ?? null,
    ready: () =>
      state.waitsFor ??
      state.missing ??
      (state.consumer?.joined() === true ? null : 'joining the group'),
    stop: async () => {
      if (state.stopping) return;
      state.stopping = true;
      state.waitsFor = 'stopping';
      if (state.timer !== null) clearInterval(state.timer);
      await starting;
      await state.consumer?.stop();
      await closeAll(closers);
    },
  };
}

type Closer = () => Promise<unknown>;

async function openParts(context: ServiceContext, closers: Closer[]): Promise<Parts> {
  const config = servingConfig();
  const kafka = { ...context.config.kafka, clientId: `${context.config.kafka.clientId}.${name}` };
  const registry = openRegistry(context.config.registry);
  const redis = await openRedis(context.config.redis);
  closers.push(redis.close);
  const own = await openOutbox(kafka);
  closers.push(own.close);
  const replies = await openOutbox(kafka, { sendMsMax: config.replyMsMax });
  closers.push(replies.close);
  const knowledge = await followKnowledge(context, registry);
  closers.push(knowledge.stop);
  const { prefix } = context.config;
  const generations = new SetGenerations(redis, { prefix, clockMs: monotonicMs });
  return { context, config, kafka, registry, redis, own, replies, knowledge, generations };
}

/** The last opened first. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) await close().catch(() => undefined);
}

const waitMs = 100;

async function begin(parts: Parts, batchParts: BatchParts, state: State): Promise<void> {
  while (!state.stopping) {
    state.waitsFor =
      parts.knowledge.ready() ?? (await refresh(parts)) ?? waitingContext(parts.knowledge);
    if (state.waitsFor === null) break;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  if (state.stopping) return;
  state.timer = setInterval(() => {
    refresh(parts).then(
      (missing) => {
        if (missing !== null && state.missing === null)
          parts.context.log.warn({ missing }, 'requests that need it wait');
        state.missing = missing;
      },
      (error: unknown) => parts.context.onFatal(error as Error),
    );
  }, parts.config.pointersMs);
  state.consumer = await patiently(state, () => joinRequests(parts, batchParts));
  state.waitsFor = null;
}

/** A broker that is away is waited for; a stop ends the waiting. */
async function patiently<T>(state: State, start: () => Promise<T>): Promise<T | null> {
  while (!state.stopping) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      state.waitsFor = messageOf(error);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return null;
}

function joinRequests(parts: Parts, batchParts: BatchParts): Promise<BatchConsumer> {
  const { prefix } = parts.context.config;
  return startBatchConsumer({
    kafka: parts.kafka,
    groupId: `${prefix}.${name}`,
    topics: [topicName(prefix, requests)],
    fromBeginning: true,
    maxWaitMs: parts.config.fetchMsMax,
    bytesPerPartitionMax: parts.config.fetchBytesMax,
    onBatch: (batch) => giveWay(parts.context.turns, () => serveBatch(batch, batchParts)),
    onFatal: parts.context.onFatal,
  });
}

/** At the start every context is waited for: later, only its newest version is. */
function waitingContext({ contexts }: Knowledge): string | null {
  const [first] = contexts.waiting;
  return first === undefined ? null : `context ${first[0]}: ${first[1]}`;
}

/** Reads the pointers of every fold that an answer may need; null, or what is missing. */
async function refresh({ context, generations, knowledge }: Parts): Promise<string | null> {
  const learned = [...knowledge.models.all()].flatMap((model) => model.learned);
  try {
    await generations.read([...Object.values(foldNames), ...learned]);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    return messageOf(error);
  }
  const folds = Object.values(foldNames);
  knowledge.settle(new Set(folds.filter((fold) => generations.get(fold) !== undefined)));
  context.metrics.set(
    'freshet_definitions',
    { kind: 'contexts' },
    knowledge.catalogue.contexts.size,
  );
  context.metrics.set('freshet_definitions', { kind: 'models' }, knowledge.catalogue.models.size);
  context.metrics.set('freshet_definitions', { kind: 'items' }, knowledge.items.size);
  context.metrics.set(
    'freshet_definitions',
    { kind: 'experiments' },
    knowledge.experiments.all.size,
  );
  return generations.get(foldNames.seen) === undefined
    ? 'seen-items has no current generation: run `npx freshet run seen-items`'
    : null;
}

async function batchPartsOf(parts: Parts): Promise<BatchParts> {
  const { context, config, knowledge } = parts;
  const topic = topicName(context.config.prefix, requests);
  return {
    answering: {
      redis: parts.redis,
      reads: new LearnedReads(parts.redis, config.reads),
      weights: new LearnedWeights(),
      models: knowledge.models,
      experiments: knowledge.experiments,
      generations: parts.generations,
      topicSet: () => parts.generations.set,
      rankings: new Rankings(config.rankingAgeMsMax),
      items: knowledge.items,
      itemOffsets: () => knowledge.itemOffsets(),
      types: context.config.types,
      profileAttributes: context.config.profileAttributes,
      pages: new PageTokens({ key: config.pageTokenKey, prefix: context.config.prefix }),
      nowMs: now,
      monotonicMs,
    },
    contexts: knowledge.contexts.all,
    decoder: await openRequestDecoder(parts.registry, { topic, bytesMax: config.requestBytesMax }),
    messages: await messagesFor(parts),
    own: gathering(parts.own),
    foreign: foreignFor(parts),
    metrics: context.metrics,
    log: context.log,
    pressure: new Pressure(config),
    sliceMax: config.sliceMax,
    replyTopics: config.replyTopics,
    ownTopics: new Set(everyTopic.map((own) => topicName(context.config.prefix, own))),
  };
}

async function messagesFor({ context, registry }: Parts): Promise<Messages> {
  const { prefix, kafka } = context.config;
  const topics = {
    recommendations: topicName(prefix, recommendations),
    exposures: topicName(prefix, exposures),
    metricEvents: topicName(prefix, metricEvents),
  };
  return {
    topics,
    encode: {
      recommendation: await openEncoder(
        registry,
        `${topics.recommendations}-value`,
        recommendationSchema,
      ),
      exposure: await openEncoder(registry, `${topics.exposures}-value`, exposureSchema),
      metricEvent: await openEncoder(registry, `${topics.metricEvents}-value`, metricEventSchema),
    },
    partitions: {
      recommendations: await partitionsOf(kafka, topics.recommendations),
      exposures: await partitionsOf(kafka, topics.exposures),
    },
    lineage: servingLineage(prefix),
  };
}

function foreignFor({ config, context, kafka, replies }: Parts): ForeignReplies {
  return new ForeignReplies({
    sender: replies,
    partitionsOf: topicCache({
      open: () => openAdmin(kafka),
      ageMsMax: 60_000,
      deadlineMs: config.replyMsMax,
      clockMs: monotonicMs,
    }),
    metrics: context.metrics,
    clockMs: monotonicMs,
    warn: (about) => context.log.warn(about, 'answers could not be sent to a reply topic'),
    failuresMax: config.replyFailuresMax,
    openMs: config.replyOpenMs,
  });
}

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runTask } from '../../lib/stream/run-task.ts';
import { kinds } from '../../models/kinds.ts';
import { definitionSchema } from '../../schemas/generated/definition.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { contexts } from '../../topics/contexts.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { interactions } from '../../topics/interactions.ts';
import { models } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { candidatesConfig } from './config.ts';
import { Definitions } from './definitions.ts';
import { Generations } from './generations.ts';
import { Heads } from './learned.ts';
import { type ActiveUser, candidatesTask, type ServedUser } from './topology.ts';

/** How long a switched pointer `current` may go unnoticed. */
const pointerAgeMsMax = 2_000;
const name = 'candidates';

export async function startCandidates(context: ServiceContext): Promise<RunningService> {
  const config = candidatesConfig();
  const { prefix, types, kafka } = context.config;
  const { metrics, log, onFatal } = context;
  const input = inputs(context);
  const redis = await openRedis(context.config.redis);
  const definitions = new Definitions({
    kafka: { ...kafka, clientId: `${prefix}.${name}` },
    models: input(models, definitionSchema),
    contexts: input(contexts, definitionSchema),
    kinds,
    log,
    onFatal,
  });
  const { figuresAgeMsMax: ageMsMax, figuresMax: headsMax } = config;
  const task = candidatesTask({
    interactions: input<ActiveUser>(interactions, interactionFields(['user_id', 'appended_at'])),
    exposures: input<ServedUser>(exposures, exposureFields),
    types,
    config,
    redis,
    generations: new Generations(redis, { prefix, ageMsMax: pointerAgeMsMax }),
    heads: new Heads(redis, { ageMsMax, headsMax }),
    models: definitions,
    nowMs: now,
    counted: {
      lists: (count) => metrics.add('freshet_candidate_lists_total', { result: 'written' }, count),
      skipped: (reason, count) =>
        metrics.add('freshet_skipped_total', { service: name, reason }, count),
      fresh: (seconds) => metrics.observe('freshet_candidates_freshness_seconds', {}, seconds),
    },
  });
  try {
    await definitions.start();
    return together(await runTask(task, context), { definitions, redis });
  } catch (error) {
    await definitions.stop();
    await redis.close();
    throw error;
  }
}

const exposureFields = {
  ...exposureSchema,
  fields: exposureSchema.fields.filter((field) =>
    ['user_id', 'candidates_stale'].includes(field.name),
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
  }: { readonly definitions: Definitions; readonly redis: { close(): Promise<void> } },
): RunningService {
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
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

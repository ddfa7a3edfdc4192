import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import { messageOf } from '../../lib/errors.ts';
import { type Outbox, openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { repeatedly } from '../../lib/repeatedly.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { readTopicSets } from '../../lib/stream/topic-sets.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import { type MetricEvent, metricEventSchema } from '../../schemas/generated/metric-event.ts';
import { commands } from '../../topics/commands.ts';
import { followDefinitions, type FollowedDefinitions } from '../../topics/follow-definitions.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import type { ExperimentsConfig } from './config.ts';
import { type Look, lookAt, type Stop } from './look.ts';
import { readPartials } from './read-partials.ts';

const name = 'experiments';

export interface Watcher {
  healthy(): string | null;
  stop(): Promise<void>;
}

interface Parts {
  readonly context: ServiceContext;
  readonly config: ExperimentsConfig;
  readonly redis: RedisPort;
  readonly outbox: Outbox;
  readonly experiments: Experiments;
  readonly contexts: Catalogue;
  readonly encode: {
    readonly command: (value: Command) => Buffer;
    readonly metric: (value: MetricEvent) => Buffer;
  };
}

/**
 * Looks at the figures of all running experiments again and again: says them as metrics, and asks
 * the control plane to stop what breaks a guardrail beyond doubt. Only where `isOwner`; were there
 * two for a moment, the same gauges are set and the same command comes twice.
 */
export async function startWatcher(
  context: ServiceContext,
  config: ExperimentsConfig,
  isOwner: () => boolean,
): Promise<Watcher> {
  const { kafka } = context.config;
  const redis = await openRedis(context.config.redis);
  const outbox = await openOutbox({ ...kafka, clientId: `${kafka.clientId}.experiments` });
  const close = async (): Promise<void> => {
    await Promise.all([outbox.close(), redis.close()]);
  };
  try {
    const experiments = new Experiments();
    const contexts = new Catalogue(new Map());
    const followed = await follow(context, { experiments, contexts });
    const encode = await encoders(context);
    const parts: Parts = { context, config, redis, outbox, experiments, contexts, encode };
    const round = async (): Promise<void> => {
      if (isOwner() && followed.isReady() && (await isCurrent(parts))) await look(parts);
    };
    const onError = (error: unknown): void =>
      context.log.warn({ service: name }, `not looked at: ${messageOf(error)}`);
    const looking = repeatedly(round, { pauseMs: config.lookMs, onError });
    return {
      healthy: () => followed.healthy(),
      stop: async () => {
        await looking.stop();
        await followed.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Figures of a set of internal topics that is still being filled are not the experiment's. */
async function isCurrent({ redis, context: { config } }: Parts): Promise<boolean> {
  const sets = await readTopicSets(redis, config.prefix);
  return sets === null || sets.current.set === setOf(config.prefix);
}

const follow = (
  context: ServiceContext,
  { experiments, contexts }: Pick<Parts, 'experiments' | 'contexts'>,
): Promise<FollowedDefinitions> =>
  followDefinitions({
    config: context.config,
    clientId: `${context.config.kafka.clientId}.${name}`,
    registry: openRegistry(context.config.registry),
    catalogue: {
      takeModel: () => ({ kind: 'outdated' }),
      takeContext: (key, record) => contexts.takeContext(key, record),
      takeExperiment: (key, record) => experiments.take(key, record),
    },
    onChange: () => undefined,
    log: context.log,
    onFatal: context.onFatal,
  });

async function encoders({ config }: ServiceContext): Promise<Parts['encode']> {
  const registry = openRegistry(config.registry);
  const encoderOf = <T>(topic: Topic, schema: object) =>
    openEncoder<T>(registry, `${topicName(config.prefix, topic)}-value`, schema);
  return {
    command: await encoderOf<Command>(commands, commandSchema),
    metric: await encoderOf<MetricEvent>(metricEvents, metricEventSchema),
  };
}

async function look(parts: Parts): Promise<void> {
  const { experiments, contexts, context, config, redis } = parts;
  const running = [...experiments.all.values()]
    .map(({ record }) => record)
    .filter(({ state }) => state === 'running');
  if (running.length === 0) return;
  const partitions = (await readPartials(redis, context.config.prefix)) ?? [];
  const looks = running.map((record) =>
    lookAt(record, partitions, {
      latenessMs: config.latenessMs,
      atMs: now(),
      expectations: contexts.contexts.get(record.definition.context)?.definition.expectations,
    }),
  );
  await send(looks, parts);
}

async function send(looks: readonly Look[], parts: Parts): Promise<void> {
  const { outbox, encode, context } = parts;
  const { prefix } = context.config;
  const stops = looks.flatMap((one) => one.stops);
  for (const { experiment, variant, why } of stops)
    context.log.warn({ service: name, experiment, variant }, `asked to stop: ${why}`);
  await outbox.send([
    ...stops.map((stop) => ({
      topic: topicName(prefix, commands),
      key: stop.commandId,
      value: encode.command(commandOf(stop)),
    })),
    ...looks
      .flatMap((one) => one.metrics)
      .map((metric) => ({
        topic: topicName(prefix, metricEvents),
        key: metric.labels['experiment'] ?? null,
        value: encode.metric(metric),
      })),
  ]);
}

const commandOf = ({ commandId, experiment, variant, why }: Stop): Command => ({
  command_id: commandId,
  kind: 'experiment.stop',
  body: JSON.stringify({
    experiment,
    ...(variant === undefined ? {} : { variant }),
    why,
    confirmedBy: 'guardrail',
  }),
  sent_at: now(),
  sent_by: 'experiments',
});

import { allOrNone } from '../../lib/all-or-none.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import { type DecodedTable, followDecoded } from '../../lib/kafka/decoded-table.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { readState } from './read-state.ts';
import { LastRecords } from './repair.ts';
import type { Change } from './state.ts';
import { type ControlOptions, definitionMessage } from './topology.ts';
import { definitionTopicOf } from './topics.ts';
import { definitionTopics } from './state.ts';

export interface Repairing {
  healthy(): string | null;
  stop(): Promise<void>;
}

const lookMs = 500;

/**
 * Follows the topics that this service writes, and publishes a key again where what stands last is
 * not what the state says. Every control process does so: that one was overtaken is what it cannot
 * know of itself.
 */
export async function startRepairing(
  context: ServiceContext,
  given: { readonly registry: RegistryPort; readonly options: ControlOptions },
): Promise<Repairing> {
  const { config, log, metrics, onFatal } = context;
  const { registry, options } = given;
  const kafka = { ...config.kafka, clientId: `${config.prefix}.control.repair` };
  const lasts = definitionTopics.map((topic) => new LastRecords(topic));
  const tables = await allOrNone<DecodedTable[]>(
    definitionTopics.map((topic, at) =>
      followDecoded<Definition>({
        kafka,
        topic: options.topics[topic],
        decoder: new TopicDecoder({
          registry,
          subject: `${options.topics[topic]}-value`,
          schema: definitionSchema,
          valueBytesMax: definitionTopicOf(topic).messageBytesMax,
        }),
        onValue: (key, record) => lasts[at]?.take(key, record),
        // Whoever wrote it: the key's own record is published after it.
        onUnusable: ({ key }) => lasts[at]?.take(key?.toString('utf8') ?? '', { revision: 0 }),
        onFatal,
      }),
    ),
  );
  const redis = await openRedis(config.redis);
  const outbox = await openOutbox(kafka);
  let all = false;
  const look = async (): Promise<void> => {
    if (!tables.every((table) => table.isReady())) return;
    if (all && !lasts.some(({ isDoubtful }) => isDoubtful)) return;
    const state = await readState(redis, config.prefix);
    if (state === null) return;
    if (!all) for (const last of lasts) last.doubtAll(state);
    all = true;
    const changes: Change[] = lasts.flatMap((last) => last.repairs(state));
    if (changes.length === 0) return;
    await outbox.send(changes.map((change) => definitionMessage(change, options)));
    for (const { topic, key, revision } of changes) {
      metrics.add('freshet_definitions_repaired_total', { topic });
      log.warn({ topic, key, revision }, 'published again: an older record stood after it');
    }
  };
  const looking = repeatedly(look, (error) => {
    if (error instanceof RetryableError) log.warn(`repair waits: ${messageOf(error)}`);
    else onFatal(error instanceof Error ? error : new Error(messageOf(error)));
  });
  return {
    healthy: () => tables.map((table) => table.healthy()).find((why) => why !== null) ?? null,
    stop: async () => {
      await looking.stop();
      await Promise.all(tables.map((table) => table.stop()));
      await outbox.close();
      await redis.close();
    },
  };
}

/** One call at a time, with a pause between them. */
const repeatedly = (work: () => Promise<void>, onError: (error: unknown) => void) => {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const once = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    next();
  };
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = once();
    }, lookMs);
  };
  next();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
};

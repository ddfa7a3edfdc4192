import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { type Topic, topicName } from '../../topics/topic.ts';

/** Writes values to one topic, each to the partition of its key. */
export interface TopicWriter<T> {
  readonly topic: string;
  readonly partitions: number;
  /** Resolves when the brokers have acknowledged all of them; calls are sent in their order. */
  send(entries: readonly Entry<T>[]): Promise<void>;
  close(): Promise<void>;
}

export interface Entry<T> {
  readonly key: string;
  readonly value: T;
  readonly headers?: Readonly<Record<string, Buffer | string>>;
}

export async function openTopicWriter<T>(
  config: CommonConfig,
  { topic, schema }: { topic: Topic; schema: object },
): Promise<TopicWriter<T>> {
  const name = topicName(config.prefix, topic);
  const partitions = await partitionsOf(config, name);
  const encode = await openEncoder<T>(openRegistry(config.registry), `${name}-value`, schema);
  const outbox = await openOutbox(config.kafka);
  return {
    topic: name,
    partitions,
    send: (entries) =>
      outbox.send(
        entries.map(({ key, value, headers }) => ({
          topic: name,
          partition: partitionOf(key, partitions),
          key,
          value: encode(value),
          ...(headers === undefined ? {} : { headers }),
        })),
      ),
    close: outbox.close,
  };
}

/** Throws a UserError that says what to run where the topic is missing. */
export const partitionsOf = async (config: CommonConfig, name: string): Promise<number> =>
  (await countsOf(config, [name])).get(name) ?? 0;

/** The same of several: before they are read, as the client looks long for one that is not there. */
export async function countsOf(
  config: CommonConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const admin = await openAdmin(config.kafka);
  try {
    const counts = await admin.partitionCounts(names);
    const missing = names.find((name) => !counts.has(name));
    if (missing === undefined) return counts;
    throw new UserError(`there is no topic ${missing}: run \`npx freshet topics apply\` first`);
  } finally {
    await admin.close();
  }
}

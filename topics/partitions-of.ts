import { RetryableError } from '../lib/errors.ts';
import { openAdmin } from '../lib/kafka/admin.ts';
import type { CommonConfig } from '../lib/config/common.ts';
import { setOf } from '../lib/config/topic-set.ts';
import type { KafkaConfig } from '../lib/kafka/client.ts';
import { type Topic, topicName } from './topic.ts';

/** Of a topic that keeps its count whatever FRESHET_PARTITIONS says (`as made`). */
export async function partitionsOf(kafka: KafkaConfig, topic: string): Promise<number> {
  const admin = await openAdmin(kafka);
  try {
    const count = (await admin.partitionCounts([topic])).get(topic);
    if (count !== undefined) return count;
    throw new RetryableError(`topic ${topic} is not there: run \`npx freshet topics apply\``);
  } finally {
    await admin.close();
  }
}

/** In the first set all topics keyed by user were made with its count. */
export const partitionsFor = async (config: CommonConfig, topic: Topic): Promise<number> =>
  topic.partitions === 'internal' || setOf(config.prefix) === 1
    ? config.partitions
    : partitionsOf(config.kafka, topicName(config.prefix, topic));

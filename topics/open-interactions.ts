import { TopicDecoder } from '../lib/avro/decoder.ts';
import type { RegistryPort } from '../lib/avro/registry.ts';
import type { CommonConfig } from '../lib/config/common.ts';
import { RetryableError } from '../lib/errors.ts';
import { openRedis } from '../lib/redis/redis-port.ts';
import { readCurrent } from '../lib/stream/current.ts';
import { type Interaction, interactionSchema } from '../schemas/generated/interaction.ts';
import { interactions } from './interactions.ts';
import type { ValueDecoder } from './placed-input.ts';
import { topicName } from './topic.ts';

/** What a fold over `interactions` needs to read it. */
export interface OpenInteractions<T> {
  /** Full name of the topic. */
  readonly topic: string;
  readonly lineage: string;
  readonly decoder: ValueDecoder<T>;
}

/** `schema`: the fields that the reader uses; default: all. */
export async function openInteractions<T = Interaction>(
  config: CommonConfig,
  registry: RegistryPort,
  schema: object = interactionSchema,
): Promise<OpenInteractions<T>> {
  const topic = topicName(config.prefix, interactions);
  const decoder = new TopicDecoder<T>({
    registry,
    subject: `${topic}-value`,
    schema,
    valueBytesMax: interactions.messageBytesMax,
  });
  return { topic, decoder, lineage: await ingestLineage(config) };
}

/** Whose emissions count: those of the generation of ingest that is current. */
async function ingestLineage(config: CommonConfig): Promise<string> {
  const redis = await openRedis(config.redis);
  try {
    const ingest = await readCurrent(redis, config.prefix, 'ingest');
    if (ingest !== null) return ingest.lineage;
    throw new RetryableError('ingest was never started here: run `npx freshet run ingest`');
  } finally {
    await redis.close();
  }
}

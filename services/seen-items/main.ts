import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { seenItemsConfig } from './config.ts';
import { seenItemsFold } from './topology.ts';

export async function startSeenItems(context: ServiceContext): Promise<RunningService> {
  const limits = seenItemsConfig();
  const { prefix, types } = context.config;
  const registry = openRegistry(context.config.registry);
  const topic = topicName(prefix, interactions);
  const decoder = new TopicDecoder<Interaction>({
    registry,
    subject: `${topic}-value`,
    schema: interactionSchema,
    valueBytesMax: interactions.messageBytesMax,
  });
  const lineage = await ingestLineage(context);
  const fold = seenItemsFold({ topic, lineage, decoder, types, limits });
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  return runFold(fold, { context, internalInput: true, failureMessage });
}

/** Whose emissions count: those of the generation of ingest that is current. */
async function ingestLineage({ config }: ServiceContext): Promise<string> {
  const redis = await openRedis(config.redis);
  try {
    const ingest = await readCurrent(redis, config.prefix, 'ingest');
    if (ingest !== null) return ingest.lineage;
    throw new RetryableError('ingest was never started here: run `npx freshet run ingest`');
  } finally {
    await redis.close();
  }
}

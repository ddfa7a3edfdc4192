import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { kinds } from '../../models/kinds.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { topicName } from '../../topics/topic.ts';
import { signalsConfig } from './config.ts';
import { type SignalInteraction, signalInteractionSchema, signalsFold } from './topology.ts';

export async function startSignals(context: ServiceContext): Promise<RunningService> {
  const { recentItemsMax, packBytesMax } = signalsConfig();
  const { prefix, partitions, types } = context.config;
  const registry = openRegistry(context.config.registry);
  const topic = topicName(prefix, interactions);
  const target = topicName(prefix, itemSignals);
  const fold = signalsFold({
    topic,
    lineage: await ingestLineage(context),
    decoder: new TopicDecoder<SignalInteraction>({
      registry,
      subject: `${topic}-value`,
      schema: signalInteractionSchema,
      valueBytesMax: interactions.messageBytesMax,
    }),
    types,
    recentItemsMax,
    sides: [...kinds.values()].map(({ userSide }) => userSide),
    packing: {
      topic: target,
      partitions,
      encode: await openEncoder<SignalPack>(registry, `${target}-value`, signalPackSchema),
      packBytesMax,
    },
  });
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

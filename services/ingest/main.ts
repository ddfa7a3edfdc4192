import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import type { Fold } from '../../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { type IngestConfig, ingestConfig, valueBytesMaxDefault } from './config.ts';
import type { Ring } from './ring.ts';
import { type Accepted, ingestFold } from './topology.ts';

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export async function openIngestFold(
  config: CommonConfig,
  registry: RegistryPort,
  own: IngestConfig = ingestConfig(),
): Promise<Fold<UserEvent, Buffer, Accepted, Ring>> {
  const { idsMax, valueBytesMax, ...bounds } = own;
  const topic = topicName(config.prefix, userEvents);
  const target = topicName(config.prefix, interactions);
  return ingestFold({
    topic,
    target,
    partitions: config.partitions,
    decoder: new TopicDecoder<UserEvent>({
      registry,
      subject: `${topic}-value`,
      schema: userEventSchema,
      valueBytesMax,
    }),
    limits: { ...bounds, types: new Set(config.types) },
    ...(valueBytesMax === valueBytesMaxDefault ? {} : { valueBytesMax }),
    idsMax,
    encode: await openEncoder<Interaction>(registry, `${target}-value`, interactionSchema),
  });
}

export async function startIngest(context: ServiceContext): Promise<RunningService> {
  const { config } = context;
  const own = ingestConfig();
  const registry = openRegistry(config.registry);
  const fold = await openIngestFold(config, registry, own);
  const failureMessage = await openFailureMessage(registry, {
    prefix: config.prefix,
    stage: fold.name,
  });
  return runFold(fold, { context, internalInput: false, failureMessage });
}

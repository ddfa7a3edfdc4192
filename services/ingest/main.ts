import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import type { Fold } from '../../lib/stream/topology.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { exposures } from '../../topics/exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactions } from '../../topics/interactions.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { partitionsFor } from '../../topics/partitions-of.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { type IngestConfig, ingestConfig, valueBytesMaxDefault } from './config.ts';
import type { Target } from './messages.ts';
import type { Ring } from './ring.ts';
import { type Accepted, ingestFold } from './topology.ts';

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export async function openIngestFold(
  config: CommonConfig,
  registry: RegistryPort,
  own: IngestConfig = ingestConfig(),
): Promise<Fold<UserEvent, Buffer, Accepted, Ring>> {
  const { idsMax, valueBytesMax, mergedEventsMax, ...bounds } = own;
  const topic = topicName(config.prefix, userEvents);
  const target = async <T>(of: Topic, schema: object): Promise<Target<T>> => {
    const name = topicName(config.prefix, of);
    const encode = await openEncoder<T>(registry, `${name}-value`, schema);
    return { topic: name, partitions: await partitionsFor(config, of), encode };
  };
  return ingestFold({
    topic,
    interactions: await target<Interaction>(interactions, interactionSchema),
    exposures: await target<Exposure>(exposures, exposureSchema),
    external: await target<ExternalCandidates>(externalCandidates, externalCandidatesSchema),
    reservedLineage: reservedLineage(config.prefix),
    mergedEventsMax,
    horizonMs: config.userHorizonMs,
    set: setOf(config.prefix),
    decoder: new TopicDecoder<UserEvent>({
      registry,
      subject: `${topic}-value`,
      schema: userEventSchema,
      valueBytesMax,
    }),
    limits: { ...bounds, types: new Set(config.types) },
    ...(valueBytesMax === valueBytesMaxDefault ? {} : { valueBytesMax }),
    idsMax,
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

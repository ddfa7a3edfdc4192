import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import type { Fold } from '../../lib/stream/topology.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { partitionsOf } from '../../topics/partitions-of.ts';
import { externalLimits } from './external.ts';
import { externalFold } from './topology.ts';

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export async function openExternalFold(
  config: CommonConfig,
  registry: RegistryPort,
): Promise<Fold<ExternalCandidates, Buffer>> {
  const topic = topicName(config.prefix, externalCandidates);
  return externalFold({
    topic,
    lineage: reservedLineage(config.prefix),
    decoder: new TopicDecoder<ExternalCandidates>({
      registry,
      subject: `${topic}-value`,
      schema: externalCandidatesSchema,
      valueBytesMax: externalCandidates.messageBytesMax,
    }),
    limits: externalLimits,
    partitions: await partitionsOf(config.kafka, topic),
    horizonMs: config.userHorizonMs,
  });
}

export async function startExternal(context: ServiceContext): Promise<RunningService> {
  const { config } = context;
  const registry = openRegistry(config.registry);
  const fold = await openExternalFold(config, registry);
  const failureMessage = await openFailureMessage(registry, {
    prefix: config.prefix,
    stage: fold.name,
  });
  return runFold(fold, { context, internalInput: false, ofAllSets: true, failureMessage });
}

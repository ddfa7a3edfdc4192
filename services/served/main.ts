import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import type { Fold } from '../../lib/stream/topology.ts';
import {
  type ExposureInput,
  exposureFields,
  servingLineage,
} from '../../topics/exposures-input.ts';
import { exposures } from '../../topics/exposures.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { servedFold } from './topology.ts';

const own = ['user_id', 'context_id', 'items', 'served_at', 'page', 'kind'];
const fields = exposureFields([...own, 'lineage', 'source_partition', 'source_offset']);

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export function openServedFold(
  config: CommonConfig,
  registry: RegistryPort,
): Fold<ExposureInput, Buffer> {
  const topic = topicName(config.prefix, exposures);
  return servedFold({
    topic,
    lineage: servingLineage(config.prefix),
    beside: reservedLineage(config.prefix),
    decoder: new TopicDecoder<ExposureInput>({
      registry,
      subject: `${topic}-value`,
      schema: fields,
      valueBytesMax: exposures.messageBytesMax,
    }),
    answersMax: config.servedAnswersMax,
    horizonMs: config.userHorizonMs,
  });
}

export async function startServed(context: ServiceContext): Promise<RunningService> {
  const { config } = context;
  const registry = openRegistry(config.registry);
  const fold = openServedFold(config, registry);
  const failureMessage = await openFailureMessage(registry, {
    prefix: config.prefix,
    stage: fold.name,
  });
  return runFold(fold, { context, internalInput: false, ofAllSets: true, failureMessage });
}

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { exposureFields, servingLineage } from '../../topics/exposures-input.ts';
import { exposures } from '../../topics/exposures.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import type { Placed } from '../../topics/placed-input.ts';
import { repartitionedExposures } from '../../topics/repartitioned-exposures.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { repartitionFold } from './topology.ts';

const fields = exposureFields(['user_id', 'lineage', 'source_partition', 'source_offset']);

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export function openRepartitionFold(
  config: CommonConfig,
  registry: RegistryPort,
): ReturnType<typeof repartitionFold> {
  const topic = topicName(config.prefix, exposures);
  return repartitionFold({
    topic,
    lineage: servingLineage(config.prefix),
    beside: reservedLineage(config.prefix),
    decoder: new TopicDecoder<Placed>({
      registry,
      subject: `${topic}-value`,
      schema: fields,
      valueBytesMax: exposures.messageBytesMax,
    }),
    target: topicName(config.prefix, repartitionedExposures),
    partitions: config.partitions,
  });
}

export async function startRepartition(context: ServiceContext): Promise<RunningService> {
  const { config } = context;
  if (setOf(config.prefix) === 1) return nothingToDo;
  const registry = openRegistry(config.registry);
  const fold = openRepartitionFold(config, registry);
  const failureMessage = await openFailureMessage(registry, {
    prefix: config.prefix,
    stage: fold.name,
  });
  return runFold(fold, { context, internalInput: false, failureMessage });
}

/** In the first set exposures have as many partitions as interactions. */
const nothingToDo: RunningService = {
  name: 'repartition',
  stop: async () => undefined,
  healthy: () => null,
  ready: () => null,
};

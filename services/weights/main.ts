import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { kinds } from '../../models/kinds.ts';
import { type TrainingPack, trainingPackSchema } from '../../schemas/generated/training-pack.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { weightsFold, type WeightsOptions } from './topology.ts';

/** `of`: the kinds whose weights are learned; others' examples are passed over. */
export async function startWeights(
  context: ServiceContext,
  of: WeightsOptions['kinds'] = kinds,
): Promise<RunningService> {
  const { prefix, registry: registryConfig } = context.config;
  const registry = openRegistry(registryConfig);
  const topic = topicName(prefix, trainingExamples);
  const decoder = new TopicDecoder<TrainingPack>({
    registry,
    subject: `${topic}-value`,
    schema: trainingPackSchema,
    valueBytesMax: trainingExamples.messageBytesMax,
  });
  const lineage = await candidatesLineage(context);
  const fold = weightsFold({ topic, lineage, decoder, kinds: of });
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  return runFold(fold, { context, internalInput: true, failureMessage });
}

/** Whose examples count: those of the generation of candidates that is current. */
async function candidatesLineage({ config }: ServiceContext): Promise<string> {
  const redis = await openRedis(config.redis);
  try {
    const candidates = await readCurrent(redis, config.prefix, 'candidates');
    if (candidates !== null) return candidates.lineage;
    throw new RetryableError('candidates was never started here: run `npx freshet run candidates`');
  } finally {
    await redis.close();
  }
}

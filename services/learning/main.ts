import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { topicName } from '../../topics/topic.ts';
import { learningConfig } from './config.ts';
import { LearningFleet } from './fleet.ts';
import { followLearners } from './in-use.ts';
import { type Learner, learningFold } from './topology.ts';

/** Runs one fold per learning identity that some context uses, now and as definitions change. */
export async function startLearning(context: ServiceContext): Promise<RunningService> {
  const { cacheBytesMax } = learningConfig();
  const { config, log, onFatal } = context;
  const { prefix, types, itemHorizonMs: horizonMs } = config;
  const registry = openRegistry(config.registry);
  const topic = topicName(prefix, itemSignals);
  const lineage = await signalsLineage(context);
  const startLearner = async (learner: Learner): Promise<RunningService> => {
    const decoder = new TopicDecoder<SignalPack>({
      registry,
      subject: `${topic}-value`,
      schema: signalPackSchema,
      valueBytesMax: itemSignals.messageBytesMax,
    });
    const common = { topic, lineage, decoder, types, horizonMs };
    const fold = learningFold({ ...common, learner, cacheBytesMax });
    const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
    return runFold(fold, { context, internalInput: true, failureMessage });
  };
  const fleet = new LearningFleet({ log, onFatal, startLearner });
  const inUse = await followLearners(context, registry, (learners) => fleet.want(learners));
  const stop = async (): Promise<void> => {
    await inUse.stop();
    await fleet.stop();
  };
  let stopping: Promise<void> | null = null;
  return {
    name: 'learning',
    stop: () => (stopping ??= stop()),
    healthy: () => inUse.healthy() ?? fleet.healthy(),
    ready: () => (inUse.isReady() ? fleet.ready() : 'reading models and contexts'),
  };
}

/** Whose emissions count: those of the generation of signals that is current. */
async function signalsLineage({ config }: ServiceContext): Promise<string> {
  const redis = await openRedis(config.redis);
  try {
    const signals = await readCurrent(redis, config.prefix, 'signals');
    if (signals !== null) return signals.lineage;
    throw new RetryableError('signals was never started here: run `npx freshet run signals`');
  } finally {
    await redis.close();
  }
}

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { exposuresBeside } from '../../topics/repartitioned-exposures.ts';
import { exposures } from '../../topics/exposures.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { interactions } from '../../topics/interactions.ts';
import { openInteractions } from '../../topics/open-interactions.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { experimentsConfig } from './config.ts';
import { startWatcher, type Watcher } from './watcher.ts';
import {
  experimentsFold,
  type OutcomeInteraction,
  outcomeFields,
  shownFields,
  type ShownExposure,
} from './topology.ts';

export async function startExperiments(context: ServiceContext): Promise<RunningService> {
  const config = experimentsConfig();
  const registry = openRegistry(context.config.registry);
  const schema = interactionFields(outcomeFields);
  const { lineage } = await openInteractions<OutcomeInteraction>(context.config, registry, schema);
  const fold = openExperimentsFold(context.config, registry, lineage);
  const { prefix } = context.config;
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  const folding = await runFold(fold, { context, internalInput: true, failureMessage });
  try {
    const watcher = await startWatcher(context, config, () => folding.owns(0));
    return together(folding, watcher);
  } catch (error) {
    await folding.stop();
    throw error;
  }
}

function together(folding: RunningService, watcher: Watcher): RunningService {
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await watcher.stop();
    await folding.stop();
  };
  return {
    name: folding.name,
    stop: () => (stopping ??= stop()),
    healthy: () => folding.healthy() ?? watcher.healthy(),
    ready: folding.ready,
  };
}

/** `lineage`: of the ingest generation that is read. */
export function openExperimentsFold(
  config: CommonConfig,
  registry: RegistryPort,
  lineage: string,
): ReturnType<typeof experimentsFold> {
  const input = <T>(of: Topic, schema: object) => {
    const topic = topicName(config.prefix, of);
    const valueBytesMax = of.messageBytesMax;
    const subject = `${topic}-value`;
    return { topic, decoder: new TopicDecoder<T>({ registry, subject, schema, valueBytesMax }) };
  };
  return experimentsFold({
    interactions: {
      ...input<OutcomeInteraction>(interactions, interactionFields(outcomeFields)),
      lineage,
    },
    exposures: {
      ...input<ShownExposure>(exposuresBeside(config.prefix), exposureFields),
      lineage: reservedLineage(config.prefix),
      ...(setOf(config.prefix) === 1
        ? {}
        : { through: { topic: topicName(config.prefix, exposures), fold: 'repartition' } }),
    },
    latenessMs: experimentsConfig().latenessMs,
    horizonMs: config.userHorizonMs,
  });
}

const exposureFields = {
  ...exposureSchema,
  fields: exposureSchema.fields.filter(({ name }) =>
    (shownFields as readonly string[]).includes(name),
  ),
};
